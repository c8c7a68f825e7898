package io.coatcheck.session.testkit;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import io.coatcheck.session.store.SessionStore;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Supplier;
import org.junit.platform.engine.FilterResult;
import org.junit.platform.engine.TestDescriptor;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.PostDiscoveryFilter;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** Runs tests of a contract by name, as a build would, and says which of them failed. */
final class ContractRun {

  private static final ThreadLocal<Supplier<? extends SessionStore>> STORE = new ThreadLocal<>();

  private ContractRun() {}

  /** Runs the tests of these names and returns the names of those that failed. */
  static Set<String> failures(
      Class<?> contract, Supplier<? extends SessionStore> store, Set<String> names) {
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(selectClass(contract))
            .filters(
                (PostDiscoveryFilter)
                    test ->
                        FilterResult.includedIf(methodName(test).map(names::contains).orElse(true)))
            .build();
    Failures failures = new Failures();
    STORE.set(store);
    try {
      LauncherFactory.create().execute(request, failures);
    } finally {
      STORE.remove();
    }
    return failures.names;
  }

  private static java.util.Optional<String> methodName(TestDescriptor test) {
    return test.getSource()
        .filter(MethodSource.class::isInstance)
        .map(source -> ((MethodSource) source).getMethodName());
  }

  private static final class Failures implements TestExecutionListener {
    private final Set<String> names = new TreeSet<>();

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
      if (test.isTest() && result.getStatus() == TestExecutionResult.Status.FAILED) {
        test.getSource()
            .map(source -> ((MethodSource) source).getMethodName())
            .ifPresent(names::add);
      }
    }
  }

  static final class OfStore extends SessionStoreContract {
    @Override
    protected SessionStore createStore() {
      return STORE.get().get();
    }
  }

  static final class OfIndex extends PrincipalIndexContract {
    @Override
    protected SessionStore createStore() {
      return STORE.get().get();
    }
  }

  static final class OfLimit extends LoginLimitContract {
    @Override
    protected SessionStore createStore() {
      return STORE.get().get();
    }
  }

  static final class OfEvictions extends EvictionsContract {
    @Override
    protected SessionStore createStore(int capacity) {
      return STORE.get().get();
    }
  }
}
