/** Coatcheck next to what people would use instead, measured in one run. */
@NullMarked
package io.coatcheck.benchmarks;

import org.jspecify.annotations.NullMarked;
