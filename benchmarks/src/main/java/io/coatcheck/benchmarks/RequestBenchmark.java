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
import org.openjdk.jmh.infra.ThreadParams;

/** One request in each of the threads that JMH is set to use; by default, in one. */
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

  /** What belongs to one thread. */
  @State(Scope.Thread)
  public static class Visitor {

    /** So that threads do not follow each other from session to session. */
    private static final int BETWEEN = 1_000_003;

    private @Nullable Contestant contestant;
    private @Nullable Workload workload;
    private Visit.Kind visit = Visit.Kind.READ;
    private long next;

    /** Prepares a thread. */
    @Setup
    public void enter(RequestBenchmark all, ThreadParams thread) {
      if (all.contestant == null) {
        throw new IllegalStateException("open was not called");
      }
      int number = thread.getThreadIndex();
      contestant = number == 0 ? all.contestant : all.contestant.forAnotherThread();
      workload = all.workload;
      visit = all.visit;
      next = (long) number * BETWEEN;
    }
  }

  /** Serves one request; without a result, it was not served. */
  @Benchmark
  public Object request(Visitor visitor) {
    Contestant contestant = visitor.contestant;
    if (contestant == null || visitor.workload == null) {
      throw new IllegalStateException("enter was not called");
    }
    int session = visitor.workload.visitor(visitor.next++);
    Object result =
        visitor.visit == Visit.Kind.READ
            ? contestant.read(session)
            : contestant.request(visitor.visit, session);
    if (result == null) {
      throw new IllegalStateException("session " + session + " was not found");
    }
    return result;
  }
}
