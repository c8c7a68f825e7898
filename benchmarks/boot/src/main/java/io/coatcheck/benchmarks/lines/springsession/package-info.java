/** What an application writes with Spring Session JDBC for the same features. */
@org.jspecify.annotations.NullMarked
package io.coatcheck.benchmarks.lines.springsession;
