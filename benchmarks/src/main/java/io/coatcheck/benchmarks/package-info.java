/** Coatcheck compared with the alternatives, measured in one run. */
@NullMarked
package io.coatcheck.benchmarks;

import org.jspecify.annotations.NullMarked;
