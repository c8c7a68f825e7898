/** Copies of sessions in front of a store that is far away. */
@NullMarked
package io.coatcheck.session.nearcache;

import org.jspecify.annotations.NullMarked;
