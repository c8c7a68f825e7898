/** What an application needs with any library for sessions. Its lines are not counted. */
@org.jspecify.annotations.NullMarked
package io.coatcheck.benchmarks.lines.shared;
