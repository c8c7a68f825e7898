/** The threads of this library. Not exported; not part of the API. */
@NullMarked
package io.coatcheck.session.background;

import org.jspecify.annotations.NullMarked;
