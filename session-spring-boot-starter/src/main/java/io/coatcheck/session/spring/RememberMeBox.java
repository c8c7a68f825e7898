package io.coatcheck.session.spring;

import io.coatcheck.session.LoginOptions;
import jakarta.servlet.http.HttpServletRequest;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The check box of a login form that asks for a remembered login, {@code
 * coatcheck.security.remember-me-parameter}. Any request that logs in may have it.
 */
final class RememberMeBox {

  /** The values of a check box that Spring Security's own remember-me accepts. */
  private static final Set<String> CHECKED = Set.of("true", "on", "yes", "1");

  /** Null if the application has none. */
  private final @Nullable String parameter;

  RememberMeBox(@Nullable String parameter) {
    this.parameter = parameter;
  }

  /**
   * Returns the options of a login by a request.
   *
   * @param request null if it is not known
   */
  LoginOptions options(@Nullable HttpServletRequest request) {
    String name = parameter;
    if (name != null && request != null && isChecked(request.getParameter(name))) {
      return LoginOptions.remember();
    }
    return LoginOptions.defaults();
  }

  private static boolean isChecked(@Nullable String value) {
    return value != null && CHECKED.stream().anyMatch(value::equalsIgnoreCase);
  }
}
