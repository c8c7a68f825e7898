package io.coatcheck.examples.springboot;

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
    return new Site(
        new SpringApplicationBuilder(Application.class)
            .run("--server.port=0", "--spring.datasource.url=jdbc:h2:mem:" + database));
  }

  String url() {
    return "http://localhost:" + context.getEnvironment().getRequiredProperty("local.server.port");
  }

  Users users() {
    return context.getBean(Users.class);
  }

  @Override
  public void close() {
    context.close();
  }
}
