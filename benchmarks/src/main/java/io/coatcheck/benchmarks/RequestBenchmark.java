package io.coatcheck.benchmarks;

import java.util.concurrent.TimeUnit;
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

/** One request, in one thread. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
public class RequestBenchmark {

  /** The contestant: the name of an {@code Entrant}. */
  @Param("FLOOR")
  public Entrant entrant = Entrant.FLOOR;

  /** The name of a {@code Visit.Kind}. */
  @Param("READ")
  public String kind = "READ";

  /** How many sessions there are. */
  @Param("100000")
  public int sessions;

  private @Nullable Contestant contestant;
  private @Nullable Workload workload;
  private Visit.Kind visit = Visit.Kind.READ;

  /** Opens the store and fills it. */
  @Setup
  public void open() {
    visit = Visit.Kind.valueOf(kind);
    workload = new Workload(sessions);
    contestant = entrant.open(sessions);
  }

  /** Closes everything. */
  @TearDown
  public void close() {
    if (contestant != null) {
      contestant.close();
    }
  }

  /** Serves one request; without a result, it was not served. */
  @Benchmark
  public Object request() {
    if (contestant == null || workload == null) {
      throw new IllegalStateException("open was not called");
    }
    int session = workload.next();
    Object result =
        visit == Visit.Kind.READ ? contestant.read(session) : contestant.request(visit, session);
    if (result == null) {
      throw new IllegalStateException("session " + session + " was not found");
    }
    return result;
  }
}
