package io.coatcheck.benchmarks;

import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.micrometer.SessionMetrics;
import io.coatcheck.session.nearcache.NearCacheSessionStore;
import io.coatcheck.session.store.ForwardingSessionStore;
import io.coatcheck.session.store.SessionStore;
import io.coatcheck.session.store.StoredSession;
import io.coatcheck.session.token.SessionId;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import jdk.jfr.Configuration;
import jdk.jfr.Recording;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Measures what the meters and the flight recorder add to a request, and to one call of a store.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class MetricsBenchmark {

  private static final int SESSIONS = 1_000;

  /** What is done. Public because JMH's generated code names it. */
  public enum Work {
    /** A request that reads, on sessions in memory. */
    MEMORY,
    /** A request that reads, answered by a copy of the near cache. */
    COPY,
    /** One look-up in a store of bytes that answers at once. */
    CALL
  }

  /** What is measured. Public because JMH's generated code names it. */
  public enum Measured {
    /** Nothing. */
    NOTHING,
    /** The meters, by a registry for Prometheus. */
    METERS,
    /** The flight recorder, with its default settings. */
    RECORDER
  }

  /** What is done. */
  @Param public Work work = Work.MEMORY;

  /** What is measured. */
  @Param public Measured measured = Measured.NOTHING;

  private @Nullable Contestant contestant;
  private @Nullable Workload workload;
  private @Nullable Recording recording;
  private SessionStore store = InMemorySessionStore.builder().build();
  private SessionId id = SessionId.of(0, 1);

  /** Answers as fast as a store of bytes can. */
  private static final class Instantaneous extends ForwardingSessionStore {

    private final Optional<StoredSession> answer;

    Instantaneous(SessionStore store, Optional<StoredSession> answer) {
      super(store);
      this.answer = answer;
    }

    @Override
    public Optional<StoredSession> find(SessionId id) {
      return answer;
    }
  }

  /** Opens the store and fills it. */
  @Setup
  public void open() throws IOException, ParseException {
    if (measured == Measured.RECORDER) {
      recording = new Recording(Configuration.getConfiguration("default"));
      recording.start();
    }
    Population population = new Population(SESSIONS);
    workload = new Workload(SESSIONS);
    SessionMetrics metrics =
        SessionMetrics.create(new PrometheusMeterRegistry(PrometheusConfig.DEFAULT));
    switch (work) {
      case MEMORY -> {
        InMemorySessionStore memory = InMemorySessionStore.builder().build();
        Coatchecks.fill(memory, population, true);
        contestant = contestant(metrics, metered(metrics, memory), population);
      }
      case COPY -> {
        SessionStore bytes = InMemorySessionStore.builder().copyOnRead(true).build();
        for (int i = 0; i < SESSIONS; i++) {
          bytes.insert(population.encoded(i, true, Coatchecks.CODEC, Instant.now()));
        }
        NearCacheSessionStore nearCache =
            NearCacheSessionStore.builder(metered(metrics, bytes))
                .maxStaleness(Duration.ofMinutes(1))
                .build();
        if (measured == Measured.METERS) {
          metrics.observe(nearCache);
        }
        contestant = contestant(metrics, nearCache, population);
      }
      case CALL -> {
        StoredSession session = population.encoded(0, true, Coatchecks.CODEC, Instant.now());
        id = session.id();
        store =
            metered(
                metrics,
                new Instantaneous(
                    InMemorySessionStore.builder().copyOnRead(true).build(), Optional.of(session)));
      }
    }
  }

  private SessionStore metered(SessionMetrics metrics, SessionStore plain) {
    return measured == Measured.METERS ? metrics.meter(plain) : plain;
  }

  private Contestant contestant(
      SessionMetrics metrics, SessionStore sessions, Population population) {
    return Coatchecks.contestant(
        measured == Measured.METERS
            ? Coatchecks.manager(sessions, metrics)
            : Coatchecks.manager(sessions),
        population);
  }

  /** Closes everything. */
  @TearDown
  public void close() {
    if (contestant != null) {
      contestant.close();
    }
    if (recording != null) {
      recording.close();
    }
  }

  /** Does the work once; without a result, it was not done. */
  @Benchmark
  public Object work() {
    if (work == Work.CALL) {
      return store.find(id);
    }
    if (contestant == null || workload == null) {
      throw new IllegalStateException("open was not called");
    }
    Object result = contestant.read(workload.next());
    if (result == null) {
      throw new IllegalStateException("a session was not found");
    }
    return result;
  }

  /** Runs each work with each measurement, in turn, in each round. */
  static void run(Results results, int rounds) {
    for (int round = 1; round <= rounds; round++) {
      for (Work work : Work.values()) {
        for (Measured measured : Measured.values()) {
          RunResult result = run(work, measured);
          results.add(
              work,
              measured,
              round,
              Results.rounded(result.getPrimaryResult().getScore()),
              Results.rounded(1_000 * Rounds.secondary(result, CpuTime.LABEL)),
              Results.rounded(Rounds.secondary(result, "gc.alloc.rate.norm")));
        }
      }
    }
  }

  private static RunResult run(Work work, Measured measured) {
    try {
      return new Runner(
              new OptionsBuilder()
                  .include(MetricsBenchmark.class.getName())
                  .param("work", work.name())
                  .param("measured", measured.name())
                  .forks(1)
                  .warmupIterations(5)
                  .warmupTime(TimeValue.seconds(1))
                  .measurementIterations(5)
                  .measurementTime(TimeValue.seconds(1))
                  .shouldFailOnError(true)
                  .verbosity(VerboseMode.SILENT)
                  .addProfiler(GCProfiler.class)
                  .addProfiler(CpuTime.class)
                  .jvmArgs("-Xms1g", "-Xmx1g", "-Xbatch")
                  .build())
          .runSingle();
    } catch (RunnerException e) {
      throw new IllegalStateException(work + " " + measured, e);
    }
  }
}
