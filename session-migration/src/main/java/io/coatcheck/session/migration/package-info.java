/**
 * Bridges that move users to Coatcheck without a new login, each to be removed when it is no longer
 * used: {@link io.coatcheck.session.migration.JwtExchange} from JSON Web Tokens, {@link
 * io.coatcheck.session.migration.SpringSessionImport} from Spring Session.
 */
@NullMarked
package io.coatcheck.session.migration;

import org.jspecify.annotations.NullMarked;
