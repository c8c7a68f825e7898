package io.coatcheck.examples.faces;

import io.coatcheck.session.servlet.SessionFilter;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.FilterConfig;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/**
 * The filters of every store, of which a request goes through those of the store that it names in a
 * header. So one start of the application serves them all.
 */
final class StoreFilter implements Filter {

  static final String HEADER = "Store";

  /** A header by which a request leaves out the filter for Weld. */
  static final String WITHOUT_WELD = "Without-Weld";

  /** What {@link WeldSessionFilter} is mapped for. */
  private static final Set<DispatcherType> WELD =
      EnumSet.of(DispatcherType.REQUEST, DispatcherType.ERROR);

  private final Map<Store, SessionFilter> filters;
  private final WeldSessionFilter weld = new WeldSessionFilter();

  StoreFilter(Map<Store, SessionFilter> filters) {
    this.filters = filters;
  }

  @Override
  public void init(FilterConfig config) throws ServletException {
    for (SessionFilter filter : filters.values()) {
      filter.init(config);
    }
    weld.init(config);
  }

  @Override
  public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    Store store = Store.valueOf(((HttpServletRequest) request).getHeader(HEADER));
    if (store == Store.CONTAINER) {
      chain.doFilter(request, response);
    } else if (((HttpServletRequest) request).getHeader(WITHOUT_WELD) == null
        && WELD.contains(request.getDispatcherType())) {
      filters
          .get(store)
          .doFilter(request, response, (inner, answer) -> weld.doFilter(inner, answer, chain));
    } else {
      filters.get(store).doFilter(request, response, chain);
    }
  }

  @Override
  public void destroy() {
    filters.values().forEach(SessionFilter::destroy);
  }
}
