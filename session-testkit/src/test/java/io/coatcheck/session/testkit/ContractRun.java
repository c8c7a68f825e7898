package io.coatcheck.session.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.token.SessionId;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.junit.platform.engine.FilterResult;
import org.junit.platform.engine.TestDescriptor;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.descriptor.ClassSource;
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

  private static final ThreadLocal<UnaryOperator<SessionStore>> DECORATOR = new ThreadLocal<>();

  private ContractRun() {}

  /** Runs the tests of these names in the contract of a store. */
  static Set<String> failures(Supplier<? extends SessionStore> store, Set<String> names) {
    return failures(OfStore.class, store, names);
  }

  /** Runs the tests of these names and returns the names of those that failed. */
  static Set<String> failures(
      Class<?> contract, Supplier<? extends SessionStore> store, Set<String> names) {
    return run(request(contract, names), store).failures.keySet();
  }

  /**
   * Runs the tests of these names on something wrong, and returns the names of those that failed.
   * Those that passed are run again, twice at most: a fault that shows in a race may not on a busy
   * machine.
   */
  static Set<String> failuresOfWrong(
      Class<?> contract, Supplier<? extends SessionStore> store, Set<String> names) {
    Set<String> left = new TreeSet<>(names);
    Set<String> failures = new TreeSet<>();
    for (int run = 0; run < 3 && !left.isEmpty(); run++) {
      failures.addAll(failures(contract, store, left));
      left.removeAll(failures);
    }
    return failures;
  }

  /** Runs the whole contract of a store, or tests of these names, and reports all of it. */
  static Report report(Supplier<? extends SessionStore> store, Set<String> names) {
    return run(request(OfStore.class, names), store);
  }

  /** Runs the whole contract of a change feed. */
  static Report reportOfFeed(Supplier<? extends SessionStore> store) {
    return run(
        LauncherDiscoveryRequestBuilder.request().selectors(selectClass(OfFeed.class)).build(),
        store);
  }

  /** Runs all tests of the contract of decorators, and returns the names of those that failed. */
  static Set<String> decoratorFailures(UnaryOperator<SessionStore> decorator) {
    DECORATOR.set(decorator);
    try {
      LauncherDiscoveryRequest all =
          LauncherDiscoveryRequestBuilder.request()
              .selectors(selectClass(OfDecorator.class))
              .build();
      return run(all, BrokenStore::new).failures.keySet();
    } finally {
      DECORATOR.remove();
    }
  }

  private static LauncherDiscoveryRequest request(Class<?> contract, Set<String> names) {
    return LauncherDiscoveryRequestBuilder.request()
        .selectors(selectClass(contract))
        .filters(
            (PostDiscoveryFilter)
                test -> FilterResult.includedIf(methodName(test).map(names::contains).orElse(true)))
        .build();
  }

  private static Report run(
      LauncherDiscoveryRequest request, Supplier<? extends SessionStore> store) {
    Report report = new Report();
    STORE.set(store);
    try {
      LauncherFactory.create().execute(request, report);
    } finally {
      STORE.remove();
    }
    return report;
  }

  private static java.util.Optional<String> methodName(TestDescriptor test) {
    return test.getSource()
        .filter(MethodSource.class::isInstance)
        .map(source -> ((MethodSource) source).getMethodName());
  }

  /** What became of the tests. */
  static final class Report implements TestExecutionListener {

    /** The last message of each test that failed. */
    final Map<String, String> failures = new TreeMap<>();

    /** What each test that failed threw last. */
    final Map<String, Throwable> thrown = new TreeMap<>();

    /** The reason of each test that was skipped. */
    final Map<String, String> skipped = new TreeMap<>();

    final Set<String> passed = new TreeSet<>();

    /** The parts of the contract, in the order in which they ran. */
    final List<String> parts = new ArrayList<>();

    @Override
    public void executionStarted(TestIdentifier test) {
      test.getSource()
          .filter(ClassSource.class::isInstance)
          .map(source -> ((ClassSource) source).getJavaClass().getSimpleName())
          .ifPresent(parts::add);
    }

    @Override
    public void executionFinished(TestIdentifier test, TestExecutionResult result) {
      if (!test.isTest()) {
        return;
      }
      String name =
          test.getSource().map(source -> ((MethodSource) source).getMethodName()).orElseThrow();
      String message = result.getThrowable().map(Throwable::getMessage).orElse("");
      switch (result.getStatus()) {
        case FAILED -> {
          failures.put(name, message);
          result.getThrowable().ifPresent(cause -> thrown.put(name, cause));
        }
        case ABORTED -> skipped.put(name, message);
        case SUCCESSFUL -> passed.add(name);
      }
    }
  }

  static final class OfStore extends SessionStoreContract {
    @Override
    protected SessionStore createStore() {
      return STORE.get().get();
    }

    @Override
    protected SessionStore createOtherNode(SessionStore store) {
      return ((BrokenStore) store).otherNode();
    }

    @Override
    protected SessionStore createSmallStore(int capacity) {
      return new BrokenStore(
          InMemorySessionStore.builder().copyOnRead(true).maximumSessions(capacity).build());
    }

    @Override
    protected void overwrite(SessionId id, byte[] bytes) {
      ((BrokenStore) nodes().store()).overwriteBytes(id, bytes);
    }

    @Override
    protected void breakBackend() {
      ((BrokenStore) nodes().store()).breakBackend();
    }

    @Override
    protected void assertEmpty() {
      assertThat(((BrokenStore) nodes().store()).leftOver()).as("what is left over").isEmpty();
    }
  }

  static final class OfEvictions extends EvictionsContract {
    @Override
    protected SessionStore createSmallStore(int capacity) {
      return STORE.get().get();
    }
  }

  /** The contract of a feed that must fail tests, some of which wait in vain. */
  static final class OfWrongFeed extends OfFeed {
    @Override
    Duration patience() {
      return Duration.ofSeconds(2);
    }
  }

  static class OfFeed extends ChangeFeedContract {
    @Override
    protected SessionStore createStore() {
      return STORE.get().get();
    }

    @Override
    protected SessionStore createOtherNode(SessionStore store) {
      return ((FeedNode) store).otherNode();
    }

    @Override
    protected SessionStore createSmallStore(int capacity) {
      return ((FeedNode) nodes().store()).small(capacity);
    }

    @Override
    protected void forgetChanges() {
      ((FeedNode) nodes().store()).forgetChanges();
    }

    @Override
    protected void breakBackend() {
      ((FeedNode) nodes().store()).breakBackend();
    }

    @Override
    protected void restoreBackend() {
      ((FeedNode) nodes().store()).restoreBackend();
    }

    @Override
    protected void overwrite(SessionId id, byte[] bytes) {
      ((FeedNode) nodes().store()).overwrite(id, bytes);
    }
  }

  static final class OfDecorator extends DecoratorContract {
    @Override
    protected SessionStore decorate(SessionStore store) {
      return DECORATOR.get().apply(store);
    }

    @Override
    protected boolean changesSessions() {
      return true;
    }

    @Override
    protected Set<String> withheld() {
      return Set.of("liveSessions");
    }
  }
}
