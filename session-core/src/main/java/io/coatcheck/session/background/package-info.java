/**
 * The threads of this library, and the breaker of remote stores. For its own modules; not part of
 * the API.
 */
@NullMarked
package io.coatcheck.session.background;

import org.jspecify.annotations.NullMarked;
