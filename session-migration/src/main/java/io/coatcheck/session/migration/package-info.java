/**
 * Bridges that move users to Coatcheck without a new login, each to be removed when it is no longer
 * used, and logouts at an identity provider. Each is a filter after the session filter.
 *
 * <ul>
 *   <li>{@link io.coatcheck.session.migration.JwtExchange}, from JSON Web Tokens. The application
 *       gives the {@link io.coatcheck.session.migration.TokenVerifier}, whose result is a {@link
 *       io.coatcheck.session.migration.VerifiedToken}. {@code JwtTokens} decides on tokens, and
 *       {@code TokenCookie} exchanges those in a cookie.
 *   <li>{@link io.coatcheck.session.migration.SpringSessionImport}, from Spring Session, whose
 *       sessions are read by {@link io.coatcheck.session.migration.SpringSessions}: {@link
 *       io.coatcheck.session.migration.JdbcSpringSessions} or {@link
 *       io.coatcheck.session.migration.RedisSpringSessions}. {@code SpringSessionCookie} is the
 *       cookie, {@code SpringSessionReader} decodes a {@code SpringSession} with {@code
 *       SerializedValues} and its login with {@code OldContext}, and {@code SpringImportSource}
 *       gives it to the engine.
 *   <li>{@link io.coatcheck.session.migration.ContainerSessionAdoption}, from the sessions of
 *       Tomcat, Jetty or another container, by {@code ContainerImportSource}.
 *   <li>{@link io.coatcheck.session.migration.BackChannelLogout}, which ends the sessions of users
 *       who log out at an identity provider. The application gives the {@link
 *       io.coatcheck.session.migration.LogoutTokenVerifier}, whose result is a {@link
 *       VerifiedLogout}, and a {@link ProviderLogin} for each login; {@code LogoutForm} reads the
 *       request.
 *   <li>All of them report the outcome of each credential by a {@code CredentialReport}, whose
 *       numbers are {@link CredentialCounts}. {@code LoginCondition} is the application's condition
 *       on old sessions, {@code OldCookie} deletes their cookie, in the answers that {@code
 *       CookieDeletions} chooses, {@code ReplacedSessions} ends them, and {@code Limits} has the
 *       limits that the bridges share. {@code ApplicationCode} calls the code of the application,
 *       whose failures are answered with 503.
 * </ul>
 */
@NullMarked
package io.coatcheck.session.migration;

import org.jspecify.annotations.NullMarked;
