package io.coatcheck.session.spring;

import io.coatcheck.session.SessionManager;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.context.ApplicationContext;
import org.springframework.context.ApplicationListener;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.event.ContextRefreshedEvent;
import org.springframework.security.config.ObjectPostProcessor;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.AbstractHttpConfigurer;
import org.springframework.security.config.annotation.web.configurers.CsrfConfigurer;
import org.springframework.security.config.annotation.web.configurers.LogoutConfigurer;
import org.springframework.security.config.annotation.web.configurers.RememberMeConfigurer;
import org.springframework.security.config.annotation.web.configurers.SecurityContextConfigurer;
import org.springframework.security.config.annotation.web.configurers.SessionManagementConfigurer;
import org.springframework.security.core.session.SessionRegistry;
import org.springframework.security.web.authentication.session.AbstractSessionFixationProtectionStrategy;
import org.springframework.security.web.authentication.session.NullAuthenticatedSessionStrategy;
import org.springframework.security.web.authentication.session.SessionAuthenticationStrategy;
import org.springframework.security.web.context.DelegatingSecurityContextRepository;
import org.springframework.security.web.context.HttpSessionSecurityContextRepository;
import org.springframework.security.web.context.RequestAttributeSecurityContextRepository;
import org.springframework.security.web.context.SecurityContextPersistenceFilter;
import org.springframework.security.web.context.SecurityContextRepository;
import org.springframework.security.web.session.ConcurrentSessionFilter;
import org.springframework.security.web.session.SessionManagementFilter;

/**
 * Applied to each {@link HttpSecurity}, by {@code spring.factories}: the logins of a chain that
 * keeps them in the session are logins of the session, and its logouts end the session. A chain
 * that keeps no login, such as a stateless one or one of a resource server, is left as it is.
 */
final class SecurityBridge extends AbstractHttpConfigurer<SecurityBridge, HttpSecurity> {

  /** With its events, Spring MVC asks for the user after each request. */
  private static final String HANDLED_EVENTS = "spring.mvc.publish-request-handled-events";

  private static final Logger LOG = LoggerFactory.getLogger(SecurityBridge.class);

  /** Null if Coatcheck or its bridge is off. */
  private @Nullable SecurityLogin login;

  /** Null if the session keeps the whole security context. */
  private @Nullable PrincipalContexts contexts;

  private boolean mayBeginSessions;

  /**
   * Acts before the application configures the chain, so that its own strategy prevails. The
   * strategy is not set as the application would set one: then each request would be checked for a
   * new login, and one with a password in a header would begin a session.
   */
  @Override
  public void setBuilder(HttpSecurity http) {
    super.setBuilder(http);
    ApplicationContext context = http.getSharedObject(ApplicationContext.class);
    CoatcheckProperties properties =
        context == null
            ? null
            : context.getBeanProvider(CoatcheckProperties.class).getIfAvailable();
    if (properties == null) {
      return;
    }
    SessionManagementConfigurer<HttpSecurity> sessions = sessionManagement(http);
    if (!properties.security().enabled()) {
      if (sessions != null) {
        keepOwnRegistry(sessions, context, false);
      }
      return;
    }
    PrincipalContexts principals = contextsOfChain(context);
    if (principals == null
        && properties.security().context() == CoatcheckProperties.SecurityContextKind.PRINCIPAL) {
      throw new InvalidSettingException(
          "coatcheck.security.context must not be principal without"
              + " CoatcheckSecurityAutoConfiguration, which is excluded, or was processed ahead of"
              + " time without the property: principal");
    }
    contexts = principals;
    SecurityLogin strategy =
        new SecurityLogin(
            new RememberMeBox(properties.security().rememberMeParameter()),
            principals == null ? null : principals.users(),
            context
                .getBeanProvider(SessionLogins.class)
                .getIfAvailable(() -> SessionLogins.BY_NAME));
    login = strategy;
    if (sessions != null) {
      sessions.withObjectPostProcessor(new InPlaceOfChangeSessionId(strategy));
      keepOwnRegistry(sessions, context, true);
      if (principals != null) {
        sessions.withObjectPostProcessor(new WithoutImplicitLogins());
      }
    }
    SecurityContextConfigurer<HttpSecurity> saving = securityContext(http);
    if (saving != null) {
      saving.withObjectPostProcessor(
          new SavedAtEnd(principals, context.getBeanProvider(StoredContexts.class)));
    }
    CsrfConfigurer<HttpSecurity> csrf = csrf(http);
    if (principals != null && csrf != null) {
      csrf.csrfTokenRepository(
          new PlainCsrfTokens(
              getSecurityContextHolderStrategy(),
              context.getEnvironment().getProperty(HANDLED_EVENTS, Boolean.class, true)));
    }
  }

  /** Each chain has its own contexts, since chains save them at different times. */
  private static @Nullable PrincipalContexts contextsOfChain(ApplicationContext context) {
    PrincipalContexts all = context.getBeanProvider(PrincipalContexts.class).getIfAvailable();
    return all == null ? null : all.ofChain();
  }

  /**
   * Gives {@code maximumSessions} a registry of the node, as without Coatcheck, and not the bean:
   * with that one the page for expired sessions would never be shown, since an expired session has
   * ended. The application can choose the bean. Its own registry is left to it. Where the bridge is
   * off, this is for the renewals alone, which a manager of the application may make.
   *
   * @param isBridged whether the session of a login is stored before the registry has it
   */
  private static void keepOwnRegistry(
      SessionManagementConfigurer<HttpSecurity> sessions,
      ApplicationContext context,
      boolean isBridged) {
    if (!(context instanceof ConfigurableApplicationContext listening)) {
      return;
    }
    ObjectProvider<SessionManager> managers = context.getBeanProvider(SessionManager.class);
    boolean hasOwn =
        Stream.of(context.getBeanNamesForType(SessionRegistry.class, true, false))
            .anyMatch(name -> !context.isTypeMatch(name, StoredSessionRegistry.class));
    if (hasOwn) {
      sessions.withObjectPostProcessor(new WithOwnRegistry(listening, managers));
    } else {
      ChainSessionRegistry registry = new ChainSessionRegistry(isBridged ? managers : null);
      listening.addApplicationListener(registry);
      sessions.sessionConcurrency(concurrency -> concurrency.sessionRegistry(registry));
    }
  }

  /**
   * Called when the application has configured the chain: its own handlers come before those of the
   * bridge.
   */
  @Override
  public void init(HttpSecurity http) {
    SecurityLogin strategy = login;
    if (strategy == null) {
      return;
    }
    SecurityContextRepository repository = repositoryOf(http);
    PrincipalContexts names = contexts;
    mayBeginSessions = ChainRepository.mayBeginSessions(repository);
    if (names != null && ChainRepository.unknown(repository).isPresent()) {
      leaveAloneIfStateless(http, repository);
    } else if (names != null && ChainRepository.keepsLogins(repository)) {
      refuseOwnAttribute(repository);
      // Not before: the one that is there shows whether the chain keeps its logins.
      if (!mayBeginSessions) {
        names.beginNoSessions();
      }
      http.setSharedObject(
          SecurityContextRepository.class,
          new DelegatingSecurityContextRepository(
              new RequestAttributeSecurityContextRepository(), names));
    }
    LogoutConfigurer<HttpSecurity> logout = logout(http);
    if (logout != null) {
      logout.addLogoutHandler((request, response, user) -> strategy.logOut(request));
    }
    if (hasRememberMe(http)) {
      LOG.warn(
          "Spring Security's remember-me is on. Its cookie logs a user in again after Coatcheck has"
              + " ended all of the user's sessions. Use coatcheck.security.remember-me-parameter in"
              + " place of it, or also delete the user's remember-me tokens");
    }
  }

  /**
   * Returns where a chain keeps its logins: where nothing was set, as after {@code
   * sessionManagement(AbstractHttpConfigurer::disable)}, in the session, which is the default of
   * Spring Security.
   */
  private static @Nullable SecurityContextRepository repositoryOf(HttpSecurity http) {
    SecurityContextRepository known = http.getSharedObject(SecurityContextRepository.class);
    return known == null && securityContext(http) != null
        ? new HttpSessionSecurityContextRepository()
        : known;
  }

  /** Otherwise {@link PrincipalStart} refuses it when the application starts. */
  private static void leaveAloneIfStateless(
      HttpSecurity http, @Nullable SecurityContextRepository repository) {
    SessionManagementConfigurer<HttpSecurity> sessions = sessionManagement(http);
    if (repository != null && sessions != null && ChainRepository.isStateless(sessions)) {
      http.getSharedObject(ApplicationContext.class)
          .getBean(PrincipalStart.class)
          .leaveAlone(repository);
    }
  }

  /** Names are of the whole session, so a login at one chain would count at the other one too. */
  private static void refuseOwnAttribute(@Nullable SecurityContextRepository repository) {
    ChainRepository.ownAttribute(repository)
        .ifPresent(
            name -> {
              throw new InvalidSettingException(
                  "coatcheck.security.context=principal does not work with a chain that keeps its"
                      + " logins in its own session attribute: "
                      + name
                      + ". Set it to session");
            });
  }

  @Override
  @SuppressWarnings("deprecation") // In Spring Security, which supports the older filter still.
  public void configure(HttpSecurity http) {
    SecurityLogin strategy = login;
    SecurityContextRepository repository = repositoryOf(http);
    if (strategy != null && ChainRepository.keepsLogins(repository)) {
      strategy.activate(
          contexts == null ? ChainRepository.mayBeginSessions(repository) : mayBeginSessions);
      SessionAuthenticationStrategy all = http.getSharedObject(SessionAuthenticationStrategy.class);
      http.getSharedObject(ApplicationContext.class)
          .getBeanProvider(PasskeyLogins.class)
          .ifAvailable(passkeys -> passkeys.add(http, all == null ? strategy : all));
      if (contexts == null) {
        http.addFilterAfter(rememberedLogins(http), SecurityContextPersistenceFilter.class);
      }
    }
  }

  private RememberedLogins rememberedLogins(HttpSecurity http) {
    ObjectProvider<SessionManager> managers =
        http.getSharedObject(ApplicationContext.class).getBeanProvider(SessionManager.class);
    return new RememberedLogins(getSecurityContextHolderStrategy(), new AgedLogin(managers));
  }

  @SuppressWarnings("unchecked") // The class literal has no type parameter.
  private static @Nullable SessionManagementConfigurer<HttpSecurity> sessionManagement(
      HttpSecurity http) {
    return http.getConfigurer(SessionManagementConfigurer.class);
  }

  @SuppressWarnings("unchecked") // The class literal has no type parameter.
  private static @Nullable SecurityContextConfigurer<HttpSecurity> securityContext(
      HttpSecurity http) {
    return http.getConfigurer(SecurityContextConfigurer.class);
  }

  @SuppressWarnings("unchecked") // The class literal has no type parameter.
  private static @Nullable CsrfConfigurer<HttpSecurity> csrf(HttpSecurity http) {
    return http.getConfigurer(CsrfConfigurer.class);
  }

  @SuppressWarnings("unchecked") // The class literal has no type parameter.
  private static @Nullable LogoutConfigurer<HttpSecurity> logout(HttpSecurity http) {
    return http.getConfigurer(LogoutConfigurer.class);
  }

  @SuppressWarnings("unchecked") // The class literal has no type parameter.
  private static boolean hasRememberMe(HttpSecurity http) {
    return http.getConfigurer(RememberMeConfigurer.class) != null;
  }

  /**
   * Replaces the strategy against session fixation, of whatever kind the application has chosen;
   * but not on a chain that keeps its logins elsewhere.
   */
  private static final class InPlaceOfChangeSessionId
      implements ObjectPostProcessor<SessionAuthenticationStrategy> {

    private final SecurityLogin login;

    InPlaceOfChangeSessionId(SecurityLogin login) {
      this.login = login;
    }

    @Override
    @SuppressWarnings("unchecked") // The caller needs a SessionAuthenticationStrategy.
    public <O extends SessionAuthenticationStrategy> O postProcess(O strategy) {
      if (strategy instanceof AbstractSessionFixationProtectionStrategy
          || strategy instanceof NullAuthenticatedSessionStrategy) {
        login.inPlaceOf(strategy);
        return (O) login;
      }
      return strategy;
    }
  }

  /**
   * Called for a chain with {@code maximumSessions}. Whether sessions are renewed is known only
   * once the manager exists, and this must not create it.
   */
  private record WithOwnRegistry(
      ConfigurableApplicationContext context, ObjectProvider<SessionManager> managers)
      implements ObjectPostProcessor<ConcurrentSessionFilter>,
          ApplicationListener<ContextRefreshedEvent> {

    @Override
    public <O extends ConcurrentSessionFilter> O postProcess(O filter) {
      if (context.isRunning()) {
        warn();
      } else {
        context.addApplicationListener(this);
      }
      return filter;
    }

    @Override
    public void onApplicationEvent(ContextRefreshedEvent event) {
      if (event.getApplicationContext() == context) {
        warn();
      }
    }

    private void warn() {
      if (managers.stream().anyMatch(manager -> manager.adapter().renewsSecrets())) {
        LOG.warn(
            "maximumSessions uses a SessionRegistry bean of the application, and sessions are"
                + " renewed (coatcheck.renew-interval). Spring Security's SessionRegistryImpl knows"
                + " a session by its whole id, which changes at each renewal, so that a session it"
                + " has expired may be used again. Remove the bean, or use"
                + " coatcheck.sessions-per-user");
      }
    }
  }

  /** Keeps Spring Security's filter from looking for a stored context that is never there. */
  private static final class WithoutImplicitLogins
      implements ObjectPostProcessor<SessionManagementFilter> {

    @Override
    @SuppressWarnings("unchecked") // The caller needs a SessionManagementFilter.
    public <O extends SessionManagementFilter> O postProcess(O filter) {
      return (O) new ImplicitLogins(filter);
    }
  }

  /** Recognises the filter of {@code requireExplicitSave(false)}. */
  @SuppressWarnings("deprecation") // In Spring Security, which supports it still.
  private static final class SavedAtEnd
      implements ObjectPostProcessor<SecurityContextPersistenceFilter> {

    private final @Nullable PrincipalContexts contexts;
    private final ObjectProvider<StoredContexts> stored;

    SavedAtEnd(@Nullable PrincipalContexts contexts, ObjectProvider<StoredContexts> stored) {
      this.contexts = contexts;
      this.stored = stored;
    }

    @Override
    public <O extends SecurityContextPersistenceFilter> O postProcess(O filter) {
      if (contexts != null) {
        contexts.saveAtEnd();
      }
      stored.ifAvailable(StoredContexts::saveAtEnd);
      return filter;
    }
  }
}
