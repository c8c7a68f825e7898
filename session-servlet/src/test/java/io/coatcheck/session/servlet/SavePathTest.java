package io.coatcheck.session.servlet;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The way from the end of a request to the store is short")
class SavePathTest {

  private static final List<String> SAVES =
      List.of("SessionManager.save", "SessionWriter.save", "SessionWriter.saveStored");

  private final Site site =
      new Site(Container.TOMCAT, true, UnaryOperator.identity(), UnaryOperator.identity());

  @AfterEach
  void stop() {
    site.close();
  }

  /** Returns the methods of the library, as a reader finds them: without its lambdas. */
  private static List<String> methods(List<StackTraceElement> frames) {
    List<String> methods = new ArrayList<>();
    for (int i = frames.size() - 1; i >= 0; i--) {
      StackTraceElement frame = frames.get(i);
      String type = frame.getClassName();
      if (type.startsWith("io.coatcheck.session.") && !frame.getMethodName().contains("$")) {
        methods.add(type.substring(type.lastIndexOf('.') + 1) + "." + frame.getMethodName());
      }
    }
    return methods;
  }

  @Test
  @DisplayName("a write passes three methods called save, and each is closer to the store")
  void write_passesThreeMethodsCalledSave() {
    List<StackTraceElement> frames = new CopyOnWriteArrayList<>();
    site.on("/write", (request, response) -> request.getSession().setAttribute("a", "2"));
    Browser browser = site.browser();
    browser.get("/begin");
    site.store.before("update", () -> frames.addAll(List.of(new Throwable().getStackTrace())));

    assertThat(browser.get("/write").status()).isEqualTo(200);

    assertThat(
            methods(frames).stream()
                .filter(
                    method ->
                        method
                            .substring(method.indexOf('.'))
                            .toLowerCase(Locale.ROOT)
                            .contains("save")))
        .containsExactlyElementsOf(SAVES);
  }
}
