package io.coatcheck.examples.springboot;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.context.event.ApplicationReadyEvent;
import org.springframework.context.event.EventListener;

/** Starts the site, on the port that the environment variable {@code PORT} names, or on 8080. */
@SpringBootApplication
public class Application {

  private static final Logger LOG = LoggerFactory.getLogger(Application.class);

  public static void main(String[] arguments) {
    SpringApplication.run(Application.class, arguments);
  }

  @EventListener
  void sayWhereItIs(ApplicationReadyEvent event) {
    String port = event.getApplicationContext().getEnvironment().getProperty("local.server.port");
    LOG.info("The example is ready: http://localhost:{} (Ctrl-C stops it)", port);
  }
}
