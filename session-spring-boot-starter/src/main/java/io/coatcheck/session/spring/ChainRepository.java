package io.coatcheck.session.spring;

import java.lang.reflect.Field;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.springframework.security.web.context.DelegatingSecurityContextRepository;
import org.springframework.security.web.context.HttpSessionSecurityContextRepository;
import org.springframework.security.web.context.SecurityContextRepository;
import org.springframework.util.ReflectionUtils;

/**
 * What the repository of a chain does with the session. Spring Security has no methods that return
 * this.
 */
final class ChainRepository {

  private ChainRepository() {}

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
    if (repository instanceof HttpSessionSecurityContextRepository) {
      return List.of(repository);
    }
    Object delegates =
        repository instanceof DelegatingSecurityContextRepository
            ? read(DelegatingSecurityContextRepository.class, "delegates", repository)
            : null;
    return delegates instanceof List<?> all
        ? all.stream().filter(HttpSessionSecurityContextRepository.class::isInstance).toList()
        : List.of();
  }

  private static @Nullable Object read(String name, Object from) {
    return read(HttpSessionSecurityContextRepository.class, name, from);
  }

  private static @Nullable Object read(Class<?> type, String name, Object from) {
    Field field = ReflectionUtils.findField(type, name);
    if (field == null) {
      throw new IllegalStateException(
          "This version of Spring Security is not supported: "
              + type.getName()
              + " has no field "
              + name);
    }
    ReflectionUtils.makeAccessible(field);
    return ReflectionUtils.getField(field, from);
  }
}
