/**
 * Coatcheck in Spring Boot applications: auto-configuration and the bridge to Spring Security.
 *
 * <ul>
 *   <li><b>Start</b>: begin with {@link CoatcheckAutoConfiguration}. {@link CoatcheckProperties}
 *       are the properties, those of {@code coatcheck.migration} as {@code MigrationProperties},
 *       {@code Settings} passes a group of them to a builder, and {@code OtherSessionProperties}
 *       names those of other sessions that have no effect; {@code EmptyProperties} lets an empty
 *       text count as not set, {@code IneffectiveProperties} finds properties of Coatcheck that do
 *       nothing, {@code PropertySwitch} reads which parts are on, and {@code ProcessedSwitches} of
 *       {@link CoatcheckSwitchesAutoConfiguration} which were on ahead of time. {@code
 *       StoreChoice}, {@code ManagerFactory} and {@code FilterFactory} build the parts, {@code
 *       CandidateNames} names what could be injected into them, {@code CycleAnalyzer} explains a
 *       cycle of beans, {@code BuiltStore} closes the store, and {@code StoresAfterSchema} lets
 *       Spring Boot create the tables first; {@code SessionCodec} is the codec. {@link
 *       SessionManagerCustomizer} and {@link SessionFilterCustomizer} are for settings in code.
 *       {@link CoatcheckReactiveAutoConfiguration} warns in an application of Spring WebFlux.
 *   <li><b>Filter</b>: {@code FilterPlacement} gives it its order, {@code NoFilterRegistration}
 *       finds out whether the application registers its own, and {@code DeclaredFilter} finds a
 *       filter whose bean type hides it. {@code DeclaredListeners} finds the session listeners.
 *       {@code StartCheck} fails the start of an application with a second session filter. {@code
 *       InvalidSettingException} and {@code InvalidSettingAnalyzer} show a refused property.
 *   <li><b>Spring Security</b>: {@link CoatcheckSecurityAutoConfiguration} and, for each chain,
 *       {@code SecurityBridge}. {@code SecurityLogin} makes a login of Spring Security a login of
 *       the session, by {@code SessionLogins}, and with the provider's session {@code
 *       ProviderLogins}; {@code RememberMeBox} is whether the user wants to be remembered, {@code
 *       LoginMoment} how old it is, and {@code RememberedLogins} shows an {@code AgedLogin} as
 *       remembered. {@code ChainRepository} returns how a chain keeps its logins. {@code
 *       StoredContexts} finds logins that do not call it, and logouts, each a {@code LogoutAtEnd};
 *       {@code LoginEvents} records {@code CheckedCredentials} in the {@code CurrentRequest}, by
 *       which it knows a second login of one user. {@code PasskeyLogins} gives passkeys the chain's
 *       strategy, unless the {@code PrivateField} has another one. {@code ImplicitLogins}, {@code
 *       PlainCsrfTokens} and {@code RefusedLogins} decide what is stored, and {@code NamedRefusals}
 *       names the property that would allow it. {@code KnownContexts} builds a context that was
 *       decoded before from its {@code ContextTemplate}: a {@code PasswordContext}, with a {@code
 *       RememberedToken} if the user was remembered, or a {@code ProviderContext}, which a {@code
 *       ClaimCheck} accepts, {@code ProviderCopy} copies and {@code ProviderContent} compares.
 *       {@code StoredSessionRegistry} is the {@code SessionRegistry}, and {@code
 *       ChainSessionRegistry} that of a chain with {@code maximumSessions}. {@link
 *       CoatcheckOidcLogoutAutoConfiguration}, {@code ProviderSessions} and {@code OidcLogoutStart}
 *       are for {@code oidcLogout}. With {@code coatcheck.security.context=principal}: {@code
 *       PrincipalContexts}, {@code PrincipalUsers}, {@code LoginFactors} and {@code
 *       PrincipalStart}.
 *   <li><b>Redis</b>: {@link CoatcheckRedisAutoConfiguration}, {@code RedisConnections} and {@code
 *       LettuceConnections}.
 *   <li><b>Migration</b>: {@link CoatcheckMigrationAutoConfiguration}, {@code BridgeFactory},
 *       {@code ImportFactory} and {@link FormerLoginCheck}. {@code OldCookies} has the old cookies'
 *       names. {@code DecoderVerifiers} and {@code DecoderVerifier} adapt a {@code JwtDecoder}, and
 *       {@code AccessTokens} recognises access tokens; {@code ContextUsers} finds the user of a
 *       container's session. {@code MovedUsers}, in {@code MovedByName}, says whom a bridge may
 *       move where a session keeps the name only, and {@code JwtStart} looks at the chains of an
 *       application that exchanges tokens.
 *   <li><b>Operation</b>: {@link CoatcheckActuatorAutoConfiguration} with {@code SessionsEndpoint};
 *       {@link CoatcheckHealthAutoConfiguration} with {@code StoreHealth}, {@code
 *       HealthBeforeBoot4} and {@code HealthSinceBoot4}; {@link CoatcheckMetricsAutoConfiguration}
 *       with {@code StoreObserver}, and {@code MetricsStart} for a manager of the application.
 * </ul>
 */
@NullMarked
package io.coatcheck.session.spring;

import org.jspecify.annotations.NullMarked;
