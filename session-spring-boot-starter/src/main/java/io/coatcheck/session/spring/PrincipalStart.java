package io.coatcheck.session.spring;

import jakarta.servlet.Filter;
import java.util.List;
import java.util.Map;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.security.core.userdetails.UserDetailsService;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.util.ClassUtils;

/**
 * Stops the start of an application whose users cannot be found again by their names: {@code
 * coatcheck.security.context=principal} would log them out on the second request.
 */
final class PrincipalStart implements SmartInitializingSingleton {

  private static final Map<String, String> REFUSED =
      Map.of(
          "OAuth2LoginAuthenticationFilter", "a login by OAuth 2.0 or OpenID Connect",
          "Saml2WebSsoAuthenticationFilter", "a login by SAML",
          "CasAuthenticationFilter", "a login by CAS",
          "SwitchUserFilter", "the SwitchUserFilter",
          "RememberMeAuthenticationFilter",
              "the remember-me of Spring Security, after which each request would count as fully"
                  + " authenticated (coatcheck.security.remember-me-parameter does)");

  private final ListableBeanFactory beans;

  PrincipalStart(ListableBeanFactory beans) {
    this.beans = beans;
  }

  @Override
  public void afterSingletonsInstantiated() {
    if (beans.getBeanProvider(UserDetailsService.class).getIfUnique() == null) {
      throw new InvalidSettingException(
          "coatcheck.security.context=principal needs one bean of type UserDetailsService, or a"
              + " primary one: "
              + List.of(beans.getBeanNamesForType(UserDetailsService.class)));
    }
    beans.getBeanProvider(SecurityFilterChain.class).orderedStream().forEach(this::check);
  }

  private void check(SecurityFilterChain chain) {
    for (Filter filter : chain.getFilters()) {
      String refused = REFUSED.get(ClassUtils.getShortName(ClassUtils.getUserClass(filter)));
      if (refused != null) {
        throw new InvalidSettingException(
            "coatcheck.security.context=principal does not work with "
                + refused
                + ": the session keeps the user's name only. Set it to session");
      }
    }
  }
}
