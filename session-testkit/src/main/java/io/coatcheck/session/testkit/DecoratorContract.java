package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.coatcheck.session.store.DeletedSessions;
import io.coatcheck.session.store.PrincipalIndex;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import java.lang.reflect.GenericArrayType;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.lang.reflect.Type;
import java.lang.reflect.WildcardType;
import java.time.Instant;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The contract of a decorator: a store that wraps another one, and passes on each operation,
 * capability and setting that it does not expressly withhold. It reads the methods of {@link
 * SessionStore} by reflection, so that it fails when a new version of Coatcheck adds something that
 * the decorator does not pass on.
 *
 * <p>The decorator wraps a store that does nothing but record its calls. To test the decorator's
 * own behaviour, run {@link SessionStoreContract} on it, with a real store inside.
 *
 * @since 0.1.0
 */
public abstract class DecoratorContract {

  /** Creates the contract; it takes no arguments from a test class. */
  protected DecoratorContract() {}

  /** Returns a new decorator around a store. */
  protected abstract SessionStore decorate(SessionStore store);

  /**
   * Returns the methods of {@link SessionStore} whose capabilities the decorator withholds, by
   * name. Default: none.
   */
  protected Set<String> withheld() {
    return Set.of();
  }

  /**
   * Returns whether the decorator changes sessions on their way in or out. If so, it must not
   * return the wrapped store's own object for a capability that reads, writes or hands over
   * sessions. Default: {@code false}.
   */
  protected boolean changesSessions() {
    return false;
  }

  static Stream<Method> capabilities() {
    return methodsOf(SessionStore.class).filter(DecoratorContract::isCapability);
  }

  static Stream<Method> operations() {
    return Stream.concat(
        methodsOf(SessionStore.class).filter(method -> !isCapability(method)),
        capabilities().flatMap(capability -> methodsOf(RecordingProxy.typeOf(capability))));
  }

  static Stream<Method> collectingOperations() {
    return operations()
        .filter(
            method ->
                Collection.class.isAssignableFrom(method.getReturnType())
                    || Map.class.isAssignableFrom(method.getReturnType()));
  }

  @ParameterizedTest
  @MethodSource("capabilities")
  void capability_isOfferedOrWithheld(Method capability) throws Exception {
    Object offered = capability.invoke(decorate(new RecordingProxy().store()));
    if (withheld().contains(capability.getName())) {
      assertThat(offered).as("the withheld %s", capability.getName()).isEqualTo(Optional.empty());
    } else {
      assertThat((Optional<?>) offered)
          .as("%s, which the wrapped store has", capability.getName())
          .isPresent();
    }
  }

  @ParameterizedTest
  @MethodSource("capabilities")
  void capability_isTheSameEachTime(Method capability) throws Exception {
    SessionStore decorator = decorate(new RecordingProxy().store());
    Optional<?> first = (Optional<?>) capability.invoke(decorator);
    Optional<?> second = (Optional<?>) capability.invoke(decorator);
    assertThat(second.orElse(null)).isSameAs(first.orElse(null));
  }

  @ParameterizedTest
  @MethodSource("capabilities")
  void capability_thatTheWrappedStoreLacks_isAbsent(Method capability) throws Exception {
    SessionStore decorator = decorate(RecordingProxy.withoutCapabilities().store());
    assertThat((Optional<?>) capability.invoke(decorator)).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("capabilities")
  void capability_thatHandlesSessions_isNotTheWrappedStoresOwn(Method capability) throws Exception {
    assumeTrue(changesSessions(), "the decorator changes no sessions");
    assumeTrue(
        mentionsSessions(RecordingProxy.typeOf(capability), new HashSet<>()),
        "the capability handles no sessions");
    SessionStore wrapped = new RecordingProxy().store();
    Optional<?> offered = (Optional<?>) capability.invoke(decorate(wrapped));
    assertThat(offered)
        .as("%s handles sessions, which the decorator changes", capability.getName())
        .isNotEqualTo(capability.invoke(wrapped));
  }

  @ParameterizedTest
  @MethodSource("operations")
  void operation_isForwardedAsTheSameCall(Method operation) throws Exception {
    RecordingProxy recorder = new RecordingProxy();
    Object target = target(operation, decorate(recorder.store()));
    recorder.forget();
    Object answer = operation.invoke(target, RecordingProxy.argumentsFor(operation));
    assertThat(recorder.calls()).as("the calls of the wrapped store").containsExactly(operation);
    assertThat(answer).isEqualTo(RecordingProxy.answerOf(operation));
  }

  /** A decorator that copies an answer must return a copy that can be changed. */
  @ParameterizedTest
  @MethodSource("collectingOperations")
  void answer_isTheCallersToChange(Method operation) throws Exception {
    Object target = target(operation, decorate(new RecordingProxy().store()));
    Object answer = operation.invoke(target, RecordingProxy.argumentsFor(operation));
    if (answer instanceof Map<?, ?> map) {
      map.clear();
    } else {
      ((Collection<?>) answer).clear();
    }
  }

  /** Returns what has an operation: the decorator, or one of its capabilities. */
  private Object target(Method operation, SessionStore decorator) throws Exception {
    if (operation.getDeclaringClass() == SessionStore.class) {
      return decorator;
    }
    Method capability =
        capabilities()
            .filter(method -> RecordingProxy.typeOf(method) == operation.getDeclaringClass())
            .findFirst()
            .orElseThrow();
    assumeFalse(withheld().contains(capability.getName()), "the capability is withheld");
    return ((Optional<?>) capability.invoke(decorator)).orElseThrow();
  }

  /** If it broke, a store would read the attributes of sessions that are only deleted. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void needAttributes_isPassedOn(boolean needed) {
    assumeFalse(withheld().contains("principalIndex"), "the capability is withheld");
    RecordingProxy recorder = new RecordingProxy();
    PrincipalIndex index = decorate(recorder.store()).principalIndex().orElseThrow();
    DeletedSessions deleted = DeletedSessions.of(needed, gone -> {});
    index.deleteByPrincipal("alice", Set.of(), deleted);
    index.deleteOldest("alice", 1, Instant.EPOCH, deleted);
    assertThat(recorder.arguments())
        .filteredOn(DeletedSessions.class::isInstance)
        .extracting(argument -> ((DeletedSessions) argument).needAttributes())
        .as("needAttributes() of what the wrapped store gets")
        .containsExactly(needed, needed);
  }

  @Test
  void theSpecification_hasCapabilitiesAndOperations() {
    assertThat(capabilities()).hasSizeGreaterThanOrEqualTo(7);
    assertThat(operations()).hasSizeGreaterThanOrEqualTo(20);
  }

  private static Stream<Method> methodsOf(Class<?> type) {
    return Arrays.stream(type.getMethods())
        .filter(method -> !Modifier.isStatic(method.getModifiers()))
        .sorted(Comparator.comparing(Method::toString));
  }

  private static boolean isCapability(Method method) {
    return method.getReturnType() == Optional.class && method.getParameterCount() == 0;
  }

  /** Returns whether a type is, contains, takes or returns {@link StoredSession}. */
  private static boolean mentionsSessions(Type type, Set<Type> seen) {
    if (type == StoredSession.class) {
      return true;
    }
    if (!seen.add(type)) {
      return false;
    }
    return partsOf(type).anyMatch(part -> mentionsSessions(part, seen));
  }

  private static Stream<Type> partsOf(Type type) {
    if (type instanceof ParameterizedType parameterized) {
      return Stream.concat(
          Stream.of(parameterized.getRawType()),
          Arrays.stream(parameterized.getActualTypeArguments()));
    }
    if (type instanceof WildcardType wildcard) {
      return Stream.concat(
          Arrays.stream(wildcard.getLowerBounds()), Arrays.stream(wildcard.getUpperBounds()));
    }
    if (type instanceof GenericArrayType array) {
      return Stream.of(array.getGenericComponentType());
    }
    if (type instanceof Class<?> ours && ours.getPackage() == SessionStore.class.getPackage()) {
      return partsOfOurs(ours);
    }
    return Stream.empty();
  }

  private static Stream<Type> partsOfOurs(Class<?> type) {
    if (type.isRecord()) {
      return Arrays.stream(type.getRecordComponents()).map(RecordComponent::getGenericType);
    }
    return Stream.concat(
        Arrays.stream(type.getGenericInterfaces()),
        methodsOf(type)
            .flatMap(
                method ->
                    Stream.concat(
                        Stream.of(method.getGenericReturnType()),
                        List.of(method.getGenericParameterTypes()).stream())));
  }
}
