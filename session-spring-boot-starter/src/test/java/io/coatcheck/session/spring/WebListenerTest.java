package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.coatcheck.session.spring.listener.ListenerShop;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.boot.test.system.CapturedOutput;
import org.springframework.boot.test.system.OutputCaptureExtension;
import org.springframework.core.NestedExceptionUtils;

/** Not compiled against Spring Boot 4, where {@code @ServletComponentScan} has moved. */
@DisplayName("A session filter that a @WebListener registers")
@ExtendWith(OutputCaptureExtension.class)
class WebListenerTest {

  @Test
  @DisplayName("fails startup")
  void refused(CapturedOutput output) {
    assertThatThrownBy(() -> Site.start(ListenerShop.class, "coatcheck.store=memory"))
        .extracting(NestedExceptionUtils::getMostSpecificCause)
        .isInstanceOf(InvalidSettingException.class);
    assertThat(output).contains("was registered in the ServletContext by hand");
  }
}
