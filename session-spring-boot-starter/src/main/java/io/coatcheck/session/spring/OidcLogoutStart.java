package io.coatcheck.session.spring;

import jakarta.servlet.Filter;
import java.lang.reflect.Field;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.ListableBeanFactory;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.security.web.FilterChainProxy;
import org.springframework.security.web.SecurityFilterChain;
import org.springframework.util.ReflectionUtils;

/**
 * Stops the start of an application whose {@code oidcLogout} would end no session and report it as
 * done: the handler of Spring Security knows a session by its id, with any registry but {@link
 * ProviderSessions}. A handler of the application is left to it.
 */
final class OidcLogoutStart implements SmartInitializingSingleton {

  private static final String FILTER = "OidcBackChannelLogoutFilter";
  private static final String HANDLER = "OidcBackChannelLogoutHandler";

  private final ListableBeanFactory beans;

  OidcLogoutStart(ListableBeanFactory beans) {
    this.beans = beans;
  }

  @Override
  public void afterSingletonsInstantiated() {
    Stream.concat(
            beans.getBeanProvider(SecurityFilterChain.class).orderedStream(),
            beans.getBeanProvider(FilterChainProxy.class).stream()
                .flatMap(all -> all.getFilterChains().stream()))
        .flatMap(chain -> chain.getFilters().stream())
        .filter(filter -> filter.getClass().getSimpleName().equals(FILTER))
        .forEach(OidcLogoutStart::check);
  }

  private static void check(Filter filter) {
    Object handler = read("left", read("logoutHandler", filter));
    if (handler != null && handler.getClass().getSimpleName().equals(HANDLER)) {
      Object registry = read("sessionRegistry", handler);
      if (registry != null && !(registry instanceof ProviderSessions)) {
        throw new InvalidSettingException(
            "oidcLogout of Spring Security must not have an OidcSessionRegistry of the"
                + " application: its handler sends the session's id as a cookie, which opens no"
                + " session, so that a logout at the provider would end none. Use"
                + " coatcheck.migration.back-channel-logout.path, remove the registry, or set a"
                + " logoutHandler that calls SessionManager.revoke: "
                + registry.getClass().getName());
      }
    }
  }

  /** Returns null if there is no such field. */
  private static @Nullable Object read(String name, @Nullable Object from) {
    Field field = from == null ? null : ReflectionUtils.findField(from.getClass(), name);
    if (field == null) {
      return null;
    }
    ReflectionUtils.makeAccessible(field);
    return ReflectionUtils.getField(field, from);
  }
}
