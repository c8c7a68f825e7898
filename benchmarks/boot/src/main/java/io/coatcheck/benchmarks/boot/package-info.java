/** A Spring Boot application to measure. It knows neither Coatcheck nor Spring Session. */
@org.jspecify.annotations.NullMarked
package io.coatcheck.benchmarks.boot;
