package io.coatcheck.session.spring;

import jakarta.servlet.Filter;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.springframework.security.config.annotation.web.builders.HttpSecurity;
import org.springframework.security.config.annotation.web.configurers.SessionManagementConfigurer;
import org.springframework.security.config.http.SessionCreationPolicy;
import org.springframework.security.web.context.DelegatingSecurityContextRepository;
import org.springframework.security.web.context.HttpSessionSecurityContextRepository;
import org.springframework.security.web.context.NullSecurityContextRepository;
import org.springframework.security.web.context.RequestAttributeSecurityContextRepository;
import org.springframework.security.web.context.SecurityContextHolderFilter;
import org.springframework.security.web.context.SecurityContextPersistenceFilter;
import org.springframework.security.web.context.SecurityContextRepository;
import org.springframework.util.ReflectionUtils;

/** How a chain uses the session. Spring Security has no methods that return this. */
final class ChainRepository {

  private static final List<Class<?>> KNOWN =
      List.of(
          HttpSessionSecurityContextRepository.class,
          RequestAttributeSecurityContextRepository.class,
          NullSecurityContextRepository.class,
          PrincipalContexts.class);

  private ChainRepository() {}

  /** Returns whether it keeps logins in the session, as contexts or as names. */
  static boolean keepsLogins(@Nullable SecurityContextRepository repository) {
    return keepsContexts(repository)
        || partsOf(repository).anyMatch(PrincipalContexts.class::isInstance);
  }

  /** Returns whether it keeps contexts in the session. */
  static boolean keepsContexts(@Nullable SecurityContextRepository repository) {
    return !sessionsOf(repository).isEmpty();
  }

  /** Returns the class of the application's own, if there is one: its behaviour is not known. */
  static Optional<Class<?>> unknown(@Nullable SecurityContextRepository repository) {
    return partsOf(repository)
        .filter(each -> KNOWN.stream().noneMatch(known -> known.isInstance(each)))
        .<Class<?>>map(Object::getClass)
        .findFirst();
  }

  /** Returns the repository of a chain's filter; null for a filter that loads no context. */
  @SuppressWarnings("deprecation") // In Spring Security, which supports the older filter still.
  static @Nullable SecurityContextRepository of(Filter filter) {
    Object repository = null;
    if (filter instanceof SecurityContextHolderFilter) {
      repository = read(SecurityContextHolderFilter.class, "securityContextRepository", filter);
    } else if (filter instanceof SecurityContextPersistenceFilter) {
      repository = read(SecurityContextPersistenceFilter.class, "repo", filter);
    }
    return (SecurityContextRepository) repository;
  }

  /** Returns whether a chain is of {@code SessionCreationPolicy.STATELESS}. */
  static boolean isStateless(SessionManagementConfigurer<HttpSecurity> sessions) {
    Method policy =
        ReflectionUtils.findMethod(SessionManagementConfigurer.class, "getSessionCreationPolicy");
    if (policy == null) {
      throw unsupported(SessionManagementConfigurer.class, "method getSessionCreationPolicy");
    }
    ReflectionUtils.makeAccessible(policy);
    return ReflectionUtils.invokeMethod(policy, sessions) == SessionCreationPolicy.STATELESS;
  }

  /**
   * Returns whether it begins a session for a login, as it does not with {@code
   * SessionCreationPolicy.NEVER}.
   */
  static boolean mayBeginSessions(@Nullable SecurityContextRepository repository) {
    List<?> sessions = sessionsOf(repository);
    return sessions.isEmpty()
        || sessions.stream()
            .anyMatch(each -> Boolean.TRUE.equals(read("allowSessionCreation", each)));
  }

  /** Returns the attribute that it keeps the context in, unless that is the usual one. */
  static Optional<String> ownAttribute(@Nullable SecurityContextRepository repository) {
    return sessionsOf(repository).stream()
        .map(each -> String.valueOf(read("springSecurityContextKey", each)))
        .filter(
            key -> !key.equals(HttpSessionSecurityContextRepository.SPRING_SECURITY_CONTEXT_KEY))
        .findFirst();
  }

  private static List<?> sessionsOf(@Nullable SecurityContextRepository repository) {
    return partsOf(repository)
        .filter(HttpSessionSecurityContextRepository.class::isInstance)
        .toList();
  }

  /** Returns those that it delegates to, or itself. */
  private static Stream<?> partsOf(@Nullable Object repository) {
    if (repository instanceof DelegatingSecurityContextRepository) {
      return read(DelegatingSecurityContextRepository.class, "delegates", repository)
              instanceof List<?> delegates
          ? delegates.stream().flatMap(ChainRepository::partsOf)
          : Stream.empty();
    }
    return Stream.ofNullable(repository);
  }

  private static @Nullable Object read(String name, Object from) {
    return read(HttpSessionSecurityContextRepository.class, name, from);
  }

  private static @Nullable Object read(Class<?> type, String name, Object from) {
    Field field = ReflectionUtils.findField(type, name);
    if (field == null) {
      throw unsupported(type, "field " + name);
    }
    ReflectionUtils.makeAccessible(field);
    return ReflectionUtils.getField(field, from);
  }

  private static IllegalStateException unsupported(Class<?> type, String missing) {
    return new IllegalStateException(
        "This version of Spring Security is not supported: "
            + type.getName()
            + " has no "
            + missing);
  }
}
