package io.coatcheck.examples.frameworks.spring;

import jakarta.annotation.PreDestroy;
import java.io.Serializable;
import java.util.concurrent.atomic.AtomicInteger;
import org.springframework.stereotype.Component;
import org.springframework.web.context.annotation.SessionScope;

/** A bean of the session that is notified of its end. */
@Component
@SessionScope
class Lamp implements Serializable {

  private static final long serialVersionUID = 1L;

  static final AtomicInteger SWITCHED_OFF = new AtomicInteger();

  String shine() {
    return "on";
  }

  @PreDestroy
  void switchOff() {
    SWITCHED_OFF.incrementAndGet();
  }
}
