package io.coatcheck.benchmarks;

import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import java.io.IOException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.SingleWriterRecorder;

/**
 * Measures how long a request takes in the filters and the servlet after this filter, in the thread
 * of the request. Most of what a server does for a request is the kernel's work, which varies by
 * more than a session costs.
 */
final class InsideTime implements Filter {

  private static final int DIGITS = 3;

  private final Queue<SingleWriterRecorder> recorders = new ConcurrentLinkedQueue<>();
  private final ThreadLocal<SingleWriterRecorder> recorder =
      ThreadLocal.withInitial(
          () -> {
            SingleWriterRecorder added = new SingleWriterRecorder(DIGITS);
            recorders.add(added);
            return added;
          });

  @Override
  public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    long begin = System.nanoTime();
    chain.doFilter(request, response);
    recorder.get().recordValue(System.nanoTime() - begin);
  }

  /**
   * Returns the median of the requests since the last call, in nanoseconds; 0 if there were none.
   */
  long takeMedian() {
    Histogram all = new Histogram(DIGITS);
    recorders.forEach(each -> all.add(each.getIntervalHistogram()));
    return all.getTotalCount() == 0 ? 0 : all.getValueAtPercentile(50);
  }
}
