package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import jakarta.servlet.DispatcherType;
import jakarta.servlet.Filter;
import jakarta.servlet.ServletException;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.File;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.logging.Level;
import org.apache.catalina.Context;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.util.descriptor.web.FilterDef;
import org.apache.tomcat.util.descriptor.web.FilterMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** On Tomcat alone: Jetty 12 dispatches to no other web application. */
@DisplayName("A dispatch to another web application that has its own copy of this library")
class TwoClassLoadersTest {

  private final Tomcat tomcat = new Tomcat();
  private Loader one;
  private Loader other;
  private Browser browser;

  /** As that of a web application: the library is loaded from its own copy. */
  private static final class Loader extends URLClassLoader {

    Loader() throws MalformedURLException {
      super(urls(), TwoClassLoadersTest.class.getClassLoader());
    }

    private static URL[] urls() throws MalformedURLException {
      String[] paths = System.getProperty("java.class.path").split(File.pathSeparator, -1);
      URL[] urls = new URL[paths.length];
      for (int i = 0; i < paths.length; i++) {
        urls[i] = new File(paths[i]).toURI().toURL();
      }
      return urls;
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.startsWith("io.coatcheck.")) {
        return super.loadClass(name, resolve);
      }
      synchronized (getClassLoadingLock(name)) {
        Class<?> known = findLoadedClass(name);
        return known == null ? findClass(name) : known;
      }
    }
  }

  @BeforeEach
  void start() throws Exception {
    java.util.logging.Logger.getLogger("org.apache").setLevel(Level.OFF);
    tomcat.setBaseDir(new File("target/tomcat-two-loaders").getAbsolutePath());
    tomcat.setPort(0);
    one = new Loader();
    other = new Loader();
    Context first = context("/one", one, "__Host-one");
    first.setCrossContext(true);
    Tomcat.addServlet(first, "app", new First()).addMapping("/*");
    Context second = context("/other", other, "__Host-other");
    Tomcat.addServlet(second, "app", new Counting()).addMapping("/*");
    tomcat.start();
    browser = new Browser(tomcat.getConnector().getLocalPort());
  }

  private Context context(String path, Loader loader, String cookieName) throws Exception {
    Context context = tomcat.addContext(path, null);
    FilterDef definition = new FilterDef();
    definition.setFilterName("sessions");
    definition.setFilter(
        (Filter) loader.loadClass(SessionFilter.class.getName()).getConstructor().newInstance());
    definition.addInitParameter("cookieName", cookieName);
    context.addFilterDef(definition);
    FilterMap mapping = new FilterMap();
    mapping.setFilterName("sessions");
    mapping.addURLPattern("/*");
    for (DispatcherType type : DispatcherType.values()) {
      mapping.setDispatcher(type.name());
    }
    context.addFilterMap(mapping);
    return context;
  }

  @AfterEach
  void stop() throws Exception {
    tomcat.stop();
    tomcat.destroy();
    one.close();
    other.close();
  }

  /** Includes a page of the other application, then forwards to one of its own. */
  private static final class First extends HttpServlet {

    private static final long serialVersionUID = 1L;

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response)
        throws ServletException, IOException {
      if ("/show".equals(request.getPathInfo())) {
        response.getWriter().print("first has " + request.getSession().getAttribute("first"));
        return;
      }
      request.getSession().setAttribute("first", "1");
      getServletContext()
          .getContext("/other")
          .getRequestDispatcher("/count")
          .include(request, response);
      request.getRequestDispatcher("/show").forward(request, response);
    }
  }

  private static final class Counting extends HttpServlet {

    private static final long serialVersionUID = 1L;

    @Override
    protected void service(HttpServletRequest request, HttpServletResponse response) {
      Object count = request.getSession().getAttribute("count");
      request.getSession().setAttribute("count", count == null ? 1 : (Integer) count + 1);
    }
  }

  @Test
  @DisplayName("each application keeps its own session through the whole request")
  void sessions_areKeptApart() {
    browser.get("/other/count");

    assertThat(browser.get("/one/").body()).isEqualTo("first has 1");
    assertThat(browser.get("/one/show").body()).isEqualTo("first has 1");
    assertThat(browser.cookie("__Host-one")).isNotNull();
    assertThat(browser.cookie("__Host-other")).isNotNull();
  }
}
