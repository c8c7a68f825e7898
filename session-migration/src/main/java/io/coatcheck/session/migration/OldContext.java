package io.coatcheck.session.migration;

import java.lang.reflect.Method;
import java.security.Principal;
import java.util.Collection;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Reads a security context of Spring Security, which the application has on its class path and this
 * library does not.
 */
final class OldContext {

  private static final String CORE = "org.springframework.security.core.";
  private static final String CONTEXT = CORE + "context.SecurityContext";
  private static final String AUTHENTICATION = CORE + "Authentication";
  private static final String ANONYMOUS =
      "org.springframework.security.authentication.AnonymousAuthenticationToken";
  private static final String SWITCHED =
      "org.springframework.security.web.authentication.switchuser.SwitchUserGrantedAuthority";

  private OldContext() {}

  /**
   * Returns the user whom a context has logged in. Where an administrator acts as another user, it
   * is the administrator.
   *
   * @param context an object of any class; null if there is none
   * @return empty if it is not such a context, or its user is anonymous or has not been
   *     authenticated
   */
  static Optional<String> userOf(@Nullable Object context) {
    try {
      Object login = context == null ? null : call(context, CONTEXT, "getAuthentication");
      return login == null || !isUser(login) ? Optional.empty() : nameOf(login);
    } catch (ReflectiveOperationException e) {
      // An object of another kind under that name has logged no user in.
      return Optional.empty();
    }
  }

  private static boolean isUser(Object login) throws ReflectiveOperationException {
    return Boolean.TRUE.equals(call(login, AUTHENTICATION, "isAuthenticated"))
        && typeOf(login.getClass(), ANONYMOUS) == null;
  }

  private static Optional<String> nameOf(Object login) throws ReflectiveOperationException {
    if (call(login, AUTHENTICATION, "getAuthorities") instanceof Collection<?> authorities) {
      for (Object authority : authorities) {
        if (authority != null && typeOf(authority.getClass(), SWITCHED) != null) {
          return call(authority, SWITCHED, "getSource") instanceof Principal administrator
              ? Optional.ofNullable(administrator.getName())
              : Optional.empty();
        }
      }
    }
    return login instanceof Principal user ? Optional.ofNullable(user.getName()) : Optional.empty();
  }

  /** Calls a method of a public type, since the object's own class need not be public. */
  private static @Nullable Object call(Object target, String type, String method)
      throws ReflectiveOperationException {
    Class<?> declaring = typeOf(target.getClass(), type);
    if (declaring == null) {
      throw new ClassNotFoundException(type);
    }
    Method found = declaring.getMethod(method);
    return found.invoke(target);
  }

  /** Returns the type of a name among a class, its superclasses and its interfaces. */
  private static @Nullable Class<?> typeOf(@Nullable Class<?> type, String name) {
    if (type == null || type.getName().equals(name)) {
      return type;
    }
    for (Class<?> implemented : type.getInterfaces()) {
      Class<?> found = typeOf(implemented, name);
      if (found != null) {
        return found;
      }
    }
    return typeOf(type.getSuperclass(), name);
  }
}
