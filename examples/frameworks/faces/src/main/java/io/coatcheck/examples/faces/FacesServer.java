package io.coatcheck.examples.faces;

import jakarta.servlet.Filter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.catalina.Context;
import org.apache.catalina.LifecycleException;
import org.apache.catalina.servlets.DefaultServlet;
import org.apache.catalina.startup.ContextConfig;
import org.apache.catalina.startup.Tomcat;
import org.apache.tomcat.util.descriptor.web.FilterDef;
import org.apache.tomcat.util.descriptor.web.FilterMap;

/** The application on an embedded Tomcat. */
public final class FacesServer implements AutoCloseable {

  /**
   * The jars and folders in which the container and the frameworks look for annotated classes and
   * initializers.
   */
  private static final String SCANNED = "(?i).*(faces|weld|classes).*";

  /** MyFaces declares it in a tag library, which Tomcat reads only if it has JSP. */
  private static final String MYFACES = "org.apache.myfaces.webapp.StartupServletContextListener";

  private final Tomcat tomcat = new Tomcat();

  /**
   * Starts on a free port.
   *
   * @param webapp the folder of the pages and of {@code WEB-INF/web.xml}
   * @param filters called before those of {@code web.xml}, in this order
   */
  public FacesServer(Path webapp, List<Filter> filters) {
    try {
      tomcat.setBaseDir(Files.createTempDirectory("faces").toString());
      tomcat.setPort(0);
      tomcat.getConnector();
      Context context = tomcat.addContext("", webapp.toAbsolutePath().toString());
      context.setParentClassLoader(FacesServer.class.getClassLoader());
      context.getJarScanner().setJarScanFilter((type, name) -> name.matches(SCANNED));
      ContextConfig config = new ContextConfig();
      config.setDefaultWebXml(tomcat.noDefaultWebXmlPath());
      context.addLifecycleListener(config);
      if (FacesServer.class.getResource("/" + MYFACES.replace('.', '/') + ".class") != null) {
        context.addApplicationListener(MYFACES);
      }
      Tomcat.addServlet(context, "default", new DefaultServlet());
      context.addServletMapping("/", "default");
      context.addMimeMapping("js", "text/javascript");
      context.addMimeMapping("css", "text/css");
      for (int i = filters.size() - 1; i >= 0; i--) {
        addFirst(context, filters.get(i));
      }
      tomcat.start();
      if (!context.getState().isAvailable()) {
        throw new IllegalStateException("the application did not start");
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (LifecycleException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void addFirst(Context context, Filter filter) {
    String name = filter.getClass().getSimpleName();
    FilterDef definition = new FilterDef();
    definition.setFilterName(name);
    definition.setFilter(filter);
    definition.setAsyncSupported("true");
    context.addFilterDef(definition);
    FilterMap map = new FilterMap();
    map.setFilterName(name);
    map.addURLPattern("/*");
    List<String> dispatchers =
        filter instanceof WeldSessionFilter
            ? List.of("REQUEST", "ERROR")
            : List.of("REQUEST", "FORWARD", "ASYNC", "ERROR");
    dispatchers.forEach(map::setDispatcher);
    context.addFilterMapBefore(map);
  }

  /** Returns the address, without a slash at the end. */
  public String url() {
    return "http://localhost:" + tomcat.getConnector().getLocalPort();
  }

  @Override
  public void close() {
    try {
      tomcat.stop();
      tomcat.destroy();
    } catch (LifecycleException e) {
      throw new IllegalStateException(e);
    }
  }
}
