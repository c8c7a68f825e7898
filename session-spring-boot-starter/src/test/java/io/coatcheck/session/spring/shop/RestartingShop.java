package io.coatcheck.session.spring.shop;

import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;

/** Starts the shop in a separate process, and prints its port and its class loader. */
public final class RestartingShop {

  private RestartingShop() {}

  public static void main(String[] arguments) {
    ConfigurableApplicationContext shop = SpringApplication.run(Shop.class, arguments);
    System.out.println(
        "PORT "
            + shop.getEnvironment().getProperty("local.server.port")
            + " "
            + Shop.class.getClassLoader().getClass().getSimpleName());
  }
}
