package io.coatcheck.session.spring;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("I11: a refused combination is blamed on the properties that its message names")
class SettingsTest {

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          withoutActivityHeader must be a token  | a.without-activity-header
          withoutActivity must be a path         | a.without-activity
          header, and name, must differ          | a.name, a.header
          (name) is not rename                   | a.name
          names and headers are refused | a.name, a.header, a.without-activity, a.without-activity-header
          """)
  void build_refused_namesWholeWords(String message, String properties) {
    Settings settings =
        new Settings("a.")
            .set("name", "x", ignored -> {})
            .set("header", "x", ignored -> {})
            .set("withoutActivity", "x", ignored -> {})
            .set("withoutActivityHeader", "x", ignored -> {});
    assertThatThrownBy(
            () ->
                settings.build(
                    () -> {
                      throw new IllegalArgumentException(message);
                    }))
        .isInstanceOf(InvalidSettingException.class)
        .hasMessage(properties + ": " + message);
  }
}
