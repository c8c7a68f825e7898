package io.coatcheck.examples.springboot;

import java.util.List;
import java.util.stream.Stream;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.context.ConfigurableApplicationContext;

/** The application on a port of its own. */
record Site(ConfigurableApplicationContext context) implements AutoCloseable {

  /**
   * Starts it.
   *
   * @param database a name of its own, since tests share the process
   */
  static Site start(String database) {
    return start(List.of(Application.class), database);
  }

  /** Starts it with more beans, and with properties of the form {@code name=value}. */
  static Site start(List<Class<?>> beans, String database, String... properties) {
    return new Site(
        new SpringApplicationBuilder(beans.toArray(Class<?>[]::new))
            .run(
                Stream.concat(
                        Stream.of("server.port=0", "spring.datasource.url=jdbc:h2:mem:" + database),
                        Stream.of(properties))
                    .map(property -> "--" + property)
                    .toArray(String[]::new)));
  }

  String url() {
    return "http://localhost:" + port();
  }

  int port() {
    return context.getEnvironment().getRequiredProperty("local.server.port", Integer.class);
  }

  Users users() {
    return context.getBean(Users.class);
  }

  @Override
  public void close() {
    context.close();
  }
}
