/** What an application writes with Coatcheck. */
@org.jspecify.annotations.NullMarked
package io.coatcheck.benchmarks.lines.coatcheck;
