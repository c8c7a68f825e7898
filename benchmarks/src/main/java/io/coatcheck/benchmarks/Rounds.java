package io.coatcheck.benchmarks;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Measures requests with JMH, each in a process of its own, and all of them again in each round, so
 * that other work of the machine affects all alike.
 */
final class Rounds {

  /** What to measure. */
  record Case(Entrant entrant, Visit.Kind kind, int sessions) {}

  private final Results results;
  private final int rounds;
  private final int threads;

  Rounds(Results results, int rounds) {
    this(results, rounds, 1);
  }

  /**
   * As above, for several threads.
   *
   * @param threads how many send requests at the same time
   */
  Rounds(Results results, int rounds, int threads) {
    this.results = results;
    this.rounds = rounds;
    this.threads = threads;
  }

  void run(List<Case> cases) {
    boolean onPostgres = cases.stream().anyMatch(one -> one.entrant().needsPostgres());
    try (Postgres postgres = onPostgres ? Postgres.start() : null) {
      for (int round = 1; round <= rounds; round++) {
        for (Case one : cases) {
          RunResult result = run(one, postgres == null ? null : postgres.url());
          results.add(
              one.entrant().title(),
              one.kind(),
              one.sessions(),
              round,
              Results.rounded(result.getPrimaryResult().getScore()),
              Results.rounded(secondary(result, CpuTime.LABEL)),
              Results.rounded(secondary(result, "gc.alloc.rate.norm")));
        }
      }
    }
  }

  private RunResult run(Case one, @Nullable String postgres) {
    List<String> arguments =
        new ArrayList<>(List.of("-Xms2g", "-Xmx2g", "-XX:+AlwaysPreTouch", "-Xbatch"));
    if (postgres != null) {
      arguments.add("-D" + Postgres.PROPERTY + "=" + postgres);
    }
    ChainedOptionsBuilder options =
        new OptionsBuilder()
            .include(RequestBenchmark.class.getName())
            .param("entrant", one.entrant().name())
            .param("kind", one.kind().name())
            .param("sessions", Integer.toString(one.sessions()))
            .threads(threads)
            .forks(1)
            .warmupIterations(one.entrant().needsPostgres() ? 30 : 10)
            .warmupTime(TimeValue.seconds(1))
            .measurementIterations(5)
            .measurementTime(TimeValue.seconds(1))
            .shouldFailOnError(true)
            .verbosity(VerboseMode.SILENT)
            .addProfiler(GCProfiler.class)
            .addProfiler(CpuTime.class)
            .jvmArgs(arguments.toArray(String[]::new));
    try {
      return new Runner(options.build()).runSingle();
    } catch (RunnerException e) {
      throw new IllegalStateException(one.toString(), e);
    }
  }

  static double secondary(RunResult result, String label) {
    for (Result<?> secondary : result.getSecondaryResults().values()) {
      if (secondary.getLabel().endsWith(label)) {
        return secondary.getScore();
      }
    }
    throw new IllegalStateException("JMH did not report " + label);
  }
}
