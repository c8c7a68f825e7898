package io.coatcheck.session.spring;

import io.coatcheck.test.clients.Visitor;
import java.util.ArrayList;
import java.util.List;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/** A real application on a port of its own. */
final class Site implements AutoCloseable {

  private static final String EXCLUDE = "spring.autoconfigure.exclude=";

  /** Otherwise Spring Boot offers a Redis on this machine. */
  private static final String NO_REDIS =
      "org.springframework.boot.autoconfigure.data.redis.RedisAutoConfiguration,"
          + "org.springframework.boot.data.redis.autoconfigure.DataRedisAutoConfiguration";

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
