package io.coatcheck.benchmarks.boot;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpFilter;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.concurrent.atomic.LongAdder;

/**
 * Adds up the time and the allocation of requests in the filters and the servlet after this filter.
 * {@code GET /measured} answers with the sums since the start: requests, nanoseconds, bytes, and
 * the processor time of the process in nanoseconds.
 */
final class Meter extends HttpFilter {

  private static final long serialVersionUID = 1;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

  private final transient LongAdder requests = new LongAdder();
  private final transient LongAdder nanos = new LongAdder();
  private final transient LongAdder bytes = new LongAdder();

  @Override
  protected void doFilter(
      HttpServletRequest request, HttpServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    if (request.getRequestURI().equals("/measured")) {
      response.setContentType("text/plain");
      response
          .getWriter()
          .print(requests + " " + nanos + " " + bytes + " " + SYSTEM.getProcessCpuTime());
      return;
    }
    long bytesBefore = THREADS.getCurrentThreadAllocatedBytes();
    long begin = System.nanoTime();
    chain.doFilter(request, response);
    nanos.add(System.nanoTime() - begin);
    bytes.add(THREADS.getCurrentThreadAllocatedBytes() - bytesBefore);
    requests.increment();
  }
}
