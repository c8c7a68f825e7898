/**
 * A site with JSON Web Tokens in local storage, beside the same site after its move to sessions.
 * Begin with {@link io.coatcheck.examples.fromjwt.FromJwt}.
 */
@NullMarked
package io.coatcheck.examples.fromjwt;

import org.jspecify.annotations.NullMarked;
