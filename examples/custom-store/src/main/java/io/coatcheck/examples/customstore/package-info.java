/** A session store of one's own. */
@NullMarked
package io.coatcheck.examples.customstore;

import org.jspecify.annotations.NullMarked;
