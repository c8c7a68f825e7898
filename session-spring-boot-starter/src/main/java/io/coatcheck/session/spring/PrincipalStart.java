package io.coatcheck.session.spring;

import jakarta.servlet.Filter;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.beans.factory.config.ConfigurableListableBeanFactory;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.web.FilterChainProxy;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.security.web.context.SecurityContextRepository;
import org.springframework.util.ClassUtils;

/**
 * Stops the start of an application whose users cannot be found again by their names, or one of
 * whose chains would not look for the name: {@code coatcheck.security.context=principal} would log
 * them out on the second request.
 */
final class PrincipalStart implements SmartInitializingSingleton {

  private static final Map<String, String> REFUSED =
      Map.of(
          "OAuth2LoginAuthenticationFilter", "a login by OAuth 2.0 or OpenID Connect",
          "Saml2WebSsoAuthenticationFilter", "a login by SAML",
          "CasAuthenticationFilter", "a login by CAS",
          "SwitchUserFilter", "the SwitchUserFilter",
          "RememberMeAuthenticationFilter",
              "the remember-me of Spring Security, whose cookie logs a user in again after the"
                  + " session has ended (coatcheck.security.remember-me-parameter needs no such"
                  + " cookie)");

  private final ConfigurableListableBeanFactory beans;

  /** The repositories of chains that the application declares stateless. */
  private final Set<SecurityContextRepository> stateless = ConcurrentHashMap.newKeySet();

  PrincipalStart(ConfigurableListableBeanFactory beans) {
    this.beans = beans;
  }

  /** Records the repository of a stateless chain, which may keep logins where it likes. */
  void leaveAlone(SecurityContextRepository repository) {
    stateless.add(repository);
  }

  @Override
  public void afterSingletonsInstantiated() {
    if (beans.getBeanProvider(UserDetailsService.class).getIfUnique() == null) {
      throw new InvalidSettingException(
          "coatcheck.security.context=principal needs one bean of type UserDetailsService, or a"
              + " primary one: "
              + CandidateNames.of(beans, UserDetailsService.class));
    }
    Stream.concat(
            beans.getBeanProvider(SecurityFilterChain.class).orderedStream(),
            beans.getBeanProvider(FilterChainProxy.class).stream()
                .flatMap(all -> all.getFilterChains().stream()))
        .flatMap(chain -> chain.getFilters().stream())
        .forEach(this::check);
  }

  private void check(Filter filter) {
    String refused = REFUSED.get(ClassUtils.getShortName(ClassUtils.getUserClass(filter)));
    if (refused != null) {
      throw refusal(refused + ": the session keeps the user's name only");
    }
    SecurityContextRepository repository = ChainRepository.of(filter);
    if (repository == null || stateless.contains(repository)) {
      return;
    }
    ChainRepository.unknown(repository)
        .ifPresent(
            own -> {
              throw refusal(
                  "a SecurityContextRepository of the application's own, "
                      + own.getName()
                      + ", in a chain that is not stateless: it may look for a context in the"
                      + " session, which keeps the user's name only");
            });
    if (ChainRepository.keepsContexts(repository)) {
      throw refusal(
          "a chain that keeps its logins in the session and is not built by HttpSecurity, such as"
              + " one in XML: the session keeps the user's name only");
    }
  }

  private static InvalidSettingException refusal(String reason) {
    return new InvalidSettingException(
        "coatcheck.security.context=principal does not work with "
            + reason
            + ". Set it to session");
  }
}
