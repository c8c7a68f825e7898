package io.coatcheck.session.servlet;

import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletRequestEvent;
import jakarta.servlet.ServletRequestListener;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSessionAttributeListener;
import jakarta.servlet.http.HttpSessionBindingEvent;
import jakarta.servlet.http.HttpSessionEvent;
import jakarta.servlet.http.HttpSessionIdListener;
import jakarta.servlet.http.HttpSessionListener;
import java.io.IOException;
import java.util.EventListener;

/** The filter and the servlet of a container that runs, which lead to the site of the moment. */
final class SiteRouter {

  private volatile Site site;

  void connect(Site next) {
    site = next;
  }

  Site site() {
    return site;
  }

  Filter filter() {
    return new Filter() {
      @Override
      public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
          throws IOException, ServletException {
        site.filter(request, response, chain);
      }
    };
  }

  /** Returns what is registered with the container, as an application registers it. */
  EventListener listener() {
    return new Listener();
  }

  /** Hears what the container's own listeners hear. */
  final class Listener
      implements HttpSessionListener,
          HttpSessionAttributeListener,
          HttpSessionIdListener,
          ServletRequestListener {

    @Override
    public void requestInitialized(ServletRequestEvent event) {
      if (site != null) {
        site.requestBegins((HttpServletRequest) event.getServletRequest());
      }
    }

    @Override
    public void sessionCreated(HttpSessionEvent event) {
      site.listener().sessionCreated(event);
    }

    @Override
    public void sessionDestroyed(HttpSessionEvent event) {
      site.listener().sessionDestroyed(event);
    }

    @Override
    public void attributeAdded(HttpSessionBindingEvent event) {
      site.listener().attributeAdded(event);
    }

    @Override
    public void attributeRemoved(HttpSessionBindingEvent event) {
      site.listener().attributeRemoved(event);
    }

    @Override
    public void attributeReplaced(HttpSessionBindingEvent event) {
      site.listener().attributeReplaced(event);
    }

    @Override
    public void sessionIdChanged(HttpSessionEvent event, String oldSessionId) {
      site.listener().sessionIdChanged(event, oldSessionId);
    }
  }

  HttpServlet servlet() {
    return new Application();
  }

  private final class Application extends HttpServlet {

    private static final long serialVersionUID = 1L;

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response)
        throws ServletException, IOException {
      try {
        site.handle(request, response);
      } catch (IOException | ServletException | RuntimeException e) {
        throw e;
      } catch (Exception e) {
        throw new ServletException(e);
      }
    }
  }
}
