package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class ContainerTest {

  @Test
  @DisplayName("the tests run against the version of the Servlet API that the build says")
  void servletVersion_isTheOneThatTheBuildSays() {
    String said = System.getProperty("coatcheck.servlet", "6.1");

    assertThat(Container.isServlet61() ? "6.1" : "6.0").isEqualTo(said);
  }
}
