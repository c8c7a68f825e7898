package io.coatcheck.session.spring.listener;

import io.coatcheck.session.SessionManager;
import io.coatcheck.session.memory.InMemorySessionStore;
import io.coatcheck.session.servlet.SessionFilter;
import jakarta.servlet.ServletContextEvent;
import jakarta.servlet.ServletContextListener;
import jakarta.servlet.annotation.WebListener;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.boot.web.servlet.ServletComponentScan;

/** An application that registers the filter as one without Spring does. */
@SpringBootApplication
@ServletComponentScan
public class ListenerShop {

  /** Registers it. */
  @WebListener
  public static class Start implements ServletContextListener {

    @Override
    public void contextInitialized(ServletContextEvent event) {
      SessionManager manager =
          SessionManager.builder(InMemorySessionStore.builder().build()).build();
      SessionFilter.builder(manager).build().register(event.getServletContext());
    }
  }
}
