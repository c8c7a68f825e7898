package io.coatcheck.examples.frameworks.spring;

import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.RestController;

@RestController
class LampPage {

  private final Lamp lamp;

  LampPage(Lamp lamp) {
    this.lamp = lamp;
  }

  @GetMapping("/lamp")
  String lamp() {
    return lamp.shine();
  }
}
