package io.coatcheck.session.codec;

import static io.coatcheck.session.codec.PresetNames.in;
import static io.coatcheck.session.codec.PresetNames.union;

import java.util.Set;

/** What Spring MVC 6 and 7 put into sessions. */
final class SpringMvcClasses {

  static final Set<String> FLASH =
      union(
          in("org.springframework.web.servlet", "FlashMap"),
          in("org.springframework.util", "LinkedMultiValueMap MultiValueMapAdapter"));

  private SpringMvcClasses() {}
}
