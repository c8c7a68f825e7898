package io.coatcheck.benchmarks.lines.springsession;

import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import jakarta.servlet.http.HttpSession;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import org.springframework.security.core.Authentication;
import org.springframework.security.web.authentication.logout.SecurityContextLogoutHandler;
import org.springframework.session.FindByIndexNameSessionRepository;
import org.springframework.session.Session;
import org.springframework.web.bind.annotation.GetMapping;
import org.springframework.web.bind.annotation.PathVariable;
import org.springframework.web.bind.annotation.PostMapping;
import org.springframework.web.bind.annotation.RestController;

@RestController
class DevicesController {

  record Device(String id, String browser, String address, Instant lastSeen, boolean current) {

    static Device of(Session session, HttpSession current) {
      return new Device(
          publicId(session.getId()),
          session.getAttributeOrDefault(DeviceRecorder.BROWSER, ""),
          session.getAttributeOrDefault(DeviceRecorder.ADDRESS, ""),
          session.getLastAccessedTime(),
          session.getId().equals(current.getId()));
    }
  }

  private final FindByIndexNameSessionRepository<? extends Session> sessions;

  DevicesController(FindByIndexNameSessionRepository<? extends Session> sessions) {
    this.sessions = sessions;
  }

  @GetMapping("/devices")
  List<Device> devices(Authentication user, HttpSession current) {
    return sessions.findByPrincipalName(user.getName()).values().stream()
        .map(session -> Device.of(session, current))
        .toList();
  }

  @PostMapping("/devices/{id}/sign-out")
  void signOut(@PathVariable String id, Authentication user) {
    sessions.findByPrincipalName(user.getName()).keySet().stream()
        .filter(secret -> publicId(secret).equals(id))
        .forEach(sessions::deleteById);
  }

  @PostMapping("/devices/sign-out-everywhere")
  void signOutEverywhere(
      Authentication user, HttpServletRequest request, HttpServletResponse response) {
    sessions.findByPrincipalName(user.getName()).keySet().forEach(sessions::deleteById);
    new SecurityContextLogoutHandler().logout(request, response, user);
  }

  /** The id of a session opens it, so it must not be shown. */
  private static String publicId(String secret) {
    try {
      return HexFormat.of()
          .formatHex(
              MessageDigest.getInstance("SHA-256").digest(secret.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
