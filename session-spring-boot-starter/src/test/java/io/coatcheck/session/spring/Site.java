package io.coatcheck.session.spring;

import io.coatcheck.test.clients.Visitor;
import jakarta.servlet.ServletContext;
import java.util.ArrayList;
import java.util.List;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.web.context.WebApplicationContext;

/** A real application on its own port. */
final class Site implements AutoCloseable {

  private static final String EXCLUDE = "spring.autoconfigure.exclude=";

  /** Otherwise Spring Boot offers a Redis on this machine. */
  static final String NO_REDIS =
      "org.springframework.boot.autoconfigure.data.redis.RedisAutoConfiguration,"
          + "org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration";

  /** Otherwise Spring Boot 4 prefers it to Tomcat. */
  private static final String NO_JETTY =
      "org.springframework.boot.jetty.autoconfigure.servlet.JettyServletWebServerAutoConfiguration,"
          + "org.springframework.boot.jetty.autoconfigure.actuate.web.server.JettyServletManagementContextAutoConfiguration";

  private final ConfigurableApplicationContext context;

  private Site(ConfigurableApplicationContext context) {
    this.context = context;
  }

  /** Starts an application with properties of the form {@code name=value}. */
  static Site start(Class<?> application, String... properties) {
    return start(List.of(application), properties);
  }

  static Site start(List<Class<?>> sources, String... properties) {
    List<String> all = new ArrayList<>(List.of(properties));
    all.add("server.port=0");
    if (all.stream().noneMatch(property -> property.startsWith("spring.data.redis."))) {
      exclude(all, NO_REDIS);
    }
    exclude(all, NO_JETTY);
    all.add("spring.main.banner-mode=off");
    return new Site(
        new SpringApplicationBuilder(sources.toArray(Class<?>[]::new))
            .properties(all.toArray(String[]::new))
            .run());
  }

  /** Adds to what a test excludes. */
  private static void exclude(List<String> properties, String classes) {
    for (int i = 0; i < properties.size(); i++) {
      if (properties.get(i).startsWith(EXCLUDE)) {
        properties.set(i, properties.get(i) + "," + classes);
        return;
      }
    }
    properties.add(EXCLUDE + classes);
  }

  <T> T bean(Class<T> type) {
    return context.getBean(type);
  }

  ConfigurableApplicationContext context() {
    return context;
  }

  /** Returns what the server says that it is. */
  String serverName() {
    ServletContext servletContext = ((WebApplicationContext) context).getServletContext();
    return servletContext == null ? "none" : servletContext.getServerInfo();
  }

  /** Returns a client without cookies. */
  Visitor visitor() {
    return new Visitor(
        "http://localhost:" + context.getEnvironment().getRequiredProperty("local.server.port"));
  }

  @Override
  public void close() {
    context.close();
  }
}
