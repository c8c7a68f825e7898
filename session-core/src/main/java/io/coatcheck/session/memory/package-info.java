/** A store that keeps sessions in the memory of this process. */
@NullMarked
package io.coatcheck.session.memory;

import org.jspecify.annotations.NullMarked;
