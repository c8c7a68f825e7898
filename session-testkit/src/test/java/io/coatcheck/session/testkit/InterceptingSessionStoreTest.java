package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.coatcheck.session.store.InterceptingSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoreOperation;
import io.coatcheck.session.token.SessionId;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class InterceptingSessionStoreTest extends DecoratorContract {

  /** The methods that never call the backend, or only register a listener. */
  private static final Set<String> NOT_INTERCEPTED =
      Set.of(
          "NearCopies.longestAge",
          "NearCopies.touchSoon",
          "NearCopies.touchDelay",
          "NearCopies.touchInOutage",
          "NearCopies.onEndedElsewhere",
          "Evictions.onEvicted",
          "ChangeFeed.subscribe",
          "ChangeFeed.interval",
          "LiveSessions.get",
          "LiveSessions.areUsableInPlaceOf",
          "LiveSessions.use",
          "LiveSessions.update",
          "SessionStore.keepsLiveValues",
          "SessionStore.failsOnUnencodable",
          "SessionStore.touchInterval",
          "SessionStore.longestCall",
          "SessionStore.close");

  private final List<String> intercepted = new ArrayList<>();

  @Override
  protected SessionStore decorate(SessionStore store) {
    return new InterceptingSessionStore(store) {
      @Override
      protected <T> T around(StoreOperation operation, @Nullable SessionId id, Supplier<T> call) {
        intercepted.add(operation.methodName());
        return call.get();
      }
    };
  }

  /** A new operation of the SPI is intercepted, or is expressly not. */
  @ParameterizedTest
  @MethodSource("operations")
  void operation_isIntercepted(Method operation) throws Exception {
    operation_isForwardedAsTheSameCall(operation);
    String name = operation.getDeclaringClass().getSimpleName() + "." + operation.getName();
    if (NOT_INTERCEPTED.contains(name)) {
      assertThat(intercepted).isEmpty();
    } else {
      String expected = operation.getName().equals("lookUp") ? "find" : operation.getName();
      assertThat(intercepted).containsExactly(expected);
    }
  }
}
