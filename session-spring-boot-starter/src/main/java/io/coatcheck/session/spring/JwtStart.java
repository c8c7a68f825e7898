package io.coatcheck.session.spring;

import jakarta.servlet.Filter;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.security.web.FilterChainProxy;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.util.ClassUtils;

/**
 * Looks at the chains of an application that exchanges its JSON Web Tokens. They are usually
 * stateless, because the tokens required that: then the exchange would use a token up, and the next
 * request would have neither that nor a user.
 */
final class JwtStart implements SmartInitializingSingleton {

  private static final String BEARER = "BearerTokenAuthenticationFilter";

  private static final Logger LOG = LoggerFactory.getLogger(JwtStart.class);

  private final ListableBeanFactory beans;
  private final boolean isBridged;

  /**
   * Prepares the check.
   *
   * @param isBridged whether Spring Security knows the users of sessions
   */
  JwtStart(ListableBeanFactory beans, boolean isBridged) {
    this.beans = beans;
    this.isBridged = isBridged;
  }

  @Override
  public void afterSingletonsInstantiated() {
    List<List<Filter>> chains =
        Stream.concat(
                beans.getBeanProvider(SecurityFilterChain.class).orderedStream(),
                beans.getBeanProvider(FilterChainProxy.class).stream()
                    .flatMap(all -> all.getFilterChains().stream()))
            .distinct()
            .map(SecurityFilterChain::getFilters)
            .toList();
    if (isBridged && !chains.isEmpty() && chains.stream().noneMatch(JwtStart::keepsLogins)) {
      throw new InvalidSettingException(
          "coatcheck.migration.jwt.enabled must not be true where every chain of Spring Security is"
              + " stateless: the user of an exchanged token would be known to none. Remove"
              + " SessionCreationPolicy.STATELESS from the chain of the pages");
    }
    if (chains.stream().anyMatch(chain -> keepsLogins(chain) && acceptsBearerTokens(chain))) {
      LOG.warn(
          "A chain of Spring Security that keeps logins accepts bearer tokens itself, even those"
              + " that were exchanged before. Remove oauth2ResourceServer from it");
    }
  }

  private static boolean keepsLogins(List<Filter> chain) {
    return chain.stream().map(ChainRepository::of).anyMatch(ChainRepository::keepsLogins);
  }

  private static boolean acceptsBearerTokens(List<Filter> chain) {
    return chain.stream()
        .anyMatch(
            filter -> ClassUtils.getShortName(ClassUtils.getUserClass(filter)).equals(BEARER));
  }
}
