package io.coatcheck.benchmarks;

import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;

/**
 * The floor over HTTP: validates the token of each request, and passes the principal on as an
 * attribute of the request. There is no {@code HttpSession}.
 */
final class FloorFilter implements Filter {

  private final ThreadLocal<Floor> floors;

  FloorFilter(Floor floor) {
    floors = ThreadLocal.withInitial(floor::forAnotherThread);
  }

  @Override
  public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    String cookie = ((HttpServletRequest) request).getHeader("Cookie");
    request.setAttribute(Workload.PRINCIPAL, floors.get().principal(cookie));
    chain.doFilter(request, response);
  }
}
