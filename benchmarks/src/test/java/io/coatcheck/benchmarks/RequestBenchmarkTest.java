package io.coatcheck.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/** What is measured does what it says. How long it takes is not asserted here. */
class RequestBenchmarkTest {

  private static final int SESSIONS = 50;

  private static Postgres postgres;

  @BeforeAll
  static void startPostgres() {
    postgres = Postgres.start();
    System.setProperty(Postgres.PROPERTY, postgres.url());
  }

  @AfterAll
  static void stopPostgres() {
    System.clearProperty(Postgres.PROPERTY);
    postgres.close();
  }

  @DisplayName("Every contestant returns the principal of each request")
  @ParameterizedTest
  @EnumSource(Entrant.class)
  void read(Entrant entrant) {
    try (Contestant contestant = entrant.open(SESSIONS)) {
      for (int round = 0; round < 3; round++) {
        for (int session = 0; session < SESSIONS; session++) {
          assertThat(contestant.read(session)).isEqualTo(Workload.principal(session));
        }
      }
    }
  }

  @DisplayName("Two threads of one contestant are served at the same time")
  @ParameterizedTest
  @EnumSource(
      value = Entrant.class,
      names = {"BARE_SELECT", "SPRING_JDBC"},
      mode = EnumSource.Mode.EXCLUDE)
  void threads(Entrant entrant) throws Exception {
    try (Contestant contestant = entrant.open(SESSIONS)) {
      Contestant other = contestant.forAnotherThread();
      FutureTask<Void> reads =
          new FutureTask<>(
              () -> {
                for (int session = 0; session < SESSIONS; session++) {
                  assertThat(other.read(session)).isEqualTo(Workload.principal(session));
                }
                return null;
              });
      new Thread(reads, "reads").start();
      for (int session = SESSIONS - 1; session >= 0; session--) {
        assertThat(contestant.read(session)).isEqualTo(Workload.principal(session));
      }
      reads.get();
    }
  }

  static Stream<Arguments> filters() {
    List<Entrant> filters =
        List.of(
            Entrant.COATCHECK_MEMORY,
            Entrant.COATCHECK_NEAR,
            Entrant.COATCHECK_JDBC,
            Entrant.SPRING_MAP,
            Entrant.SPRING_JDBC);
    return filters.stream()
        .flatMap(
            filter -> Arrays.stream(Visit.Kind.values()).map(kind -> Arguments.of(filter, kind)));
  }

  @DisplayName("Every filter serves each kind of request")
  @ParameterizedTest
  @MethodSource("filters")
  void request(Entrant entrant, Visit.Kind kind) {
    try (Contestant contestant = entrant.open(SESSIONS)) {
      for (int session = 0; session < SESSIONS; session++) {
        Object result = contestant.request(kind, session);
        switch (kind) {
          case READ, CREATE, LOGIN -> assertThat(result).isEqualTo(Workload.principal(session));
          case WRITE -> assertThat(result).asString().startsWith("item-");
          case REFUSED -> assertThat(result).isEqualTo("refused");
        }
        if (kind != Visit.Kind.REFUSED) {
          assertThat(contestant.read(session)).isEqualTo(Workload.principal(session));
        }
      }
    }
  }

  @DisplayName("JMH runs the benchmark as it was compiled")
  @Test
  void jmh() throws RunnerException {
    RunResult result =
        new Runner(
                new OptionsBuilder()
                    .include(RequestBenchmark.class.getName())
                    .param("entrant", Entrant.COATCHECK_MEMORY.name())
                    .param("sessions", Integer.toString(SESSIONS))
                    .mode(Mode.SingleShotTime)
                    .threads(2)
                    .forks(0)
                    .warmupIterations(0)
                    .measurementIterations(1)
                    .shouldFailOnError(true)
                    .verbosity(VerboseMode.SILENT)
                    .build())
            .runSingle();

    assertThat(result.getPrimaryResult().getSampleCount()).isEqualTo(1);
  }

  @DisplayName("The measured store and the plain one do the same work")
  @ParameterizedTest
  @EnumSource(MetricsBenchmark.Measured.class)
  void metrics(MetricsBenchmark.Measured measured) throws Exception {
    for (MetricsBenchmark.Work work : MetricsBenchmark.Work.values()) {
      MetricsBenchmark benchmark = new MetricsBenchmark();
      benchmark.work = work;
      benchmark.measured = measured;
      benchmark.open();
      try {
        assertThat(benchmark.work()).as(work.toString()).isNotNull();
      } finally {
        benchmark.close();
      }
    }
  }
}
