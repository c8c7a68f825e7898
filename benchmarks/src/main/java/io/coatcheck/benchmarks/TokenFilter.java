package io.coatcheck.benchmarks;

import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Validates the token of each request, and passes the principal on as an attribute of the request.
 * There is no {@code HttpSession}.
 */
final class TokenFilter implements Filter {

  /** Finds the principal. */
  interface Validation {

    /** Returns the principal of the token in a {@code Cookie} line, or null. */
    @Nullable String principal(String cookie);
  }

  private final ThreadLocal<Validation> validations;

  /**
   * Creates a filter.
   *
   * @param forThread called once in each thread
   */
  TokenFilter(Supplier<Validation> forThread) {
    validations = ThreadLocal.withInitial(forThread);
  }

  @Override
  public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    String cookie = ((HttpServletRequest) request).getHeader("Cookie");
    request.setAttribute(Workload.PRINCIPAL, validations.get().principal(cookie));
    chain.doFilter(request, response);
  }
}
