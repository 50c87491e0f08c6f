# What an installation consists of, and the Debian package of it: cpack -G DEB.

# The shipped server.yaml names relative paths beside itself; an installed one names the places of the
# file system: what an operator edits lies in /etc, what comes with the program in /usr/share.
set(SUPERVISION_DATA_DIR /usr/share/supervision)
set(SUPERVISION_SERVER_YAML ${PROJECT_SOURCE_DIR}/deploy/config/server.yaml)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${SUPERVISION_SERVER_YAML})
file(READ ${SUPERVISION_SERVER_YAML} server_yaml)
function(supervision_set_default line replacement)
  string(REPLACE "${line}" "${replacement}" changed "${server_yaml}")
  if(changed STREQUAL server_yaml)
    message(FATAL_ERROR "deploy/config/server.yaml has no line '${line}' any more: "
                        "change deploy/cmake/SupervisionPackage.cmake with it")
  endif()
  set(server_yaml "${changed}" PARENT_SCOPE)
endfunction()
supervision_set_default("  # data_directory: data\n" "  data_directory: /var/lib/supervision\n")
supervision_set_default("  # regions: regions.tsv\n" "  regions: ${SUPERVISION_DATA_DIR}/regions.tsv\n")
supervision_set_default("  # model: model/model.bin\n" "  model: ${SUPERVISION_DATA_DIR}/model.bin\n")
# As in containers: whoever has no rate of its own must not take all there is.
supervision_set_default("  # calls_per_second: 0\n" "  calls_per_second: 1000\n")
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/installed/server.yaml CONTENT "${server_yaml}" @ONLY)

# tests/deployment compares this list with the folder.
set(SUPERVISION_RULE_FILES
    deploy/config/rules/00_scoring.yaml
    deploy/config/rules/01_lexicon.yaml
    deploy/config/rules/02_cues.yaml
    deploy/config/rules/03_blame.yaml
    deploy/config/rules/05_statutes.yaml
    deploy/config/rules/10_problems.yaml
    deploy/config/rules/20_party_inspection.yaml
    deploy/config/rules/21_peoples_congress.yaml
    deploy/config/rules/22_cppcc_democratic.yaml
    deploy/config/rules/23_admin_enforcement.yaml
    deploy/config/rules/24_decision_disclosure.yaml
    deploy/config/rules/25_reconsideration.yaml
    deploy/config/rules/26_judicial.yaml
    deploy/config/rules/27_petition_dispute.yaml
    deploy/config/rules/28_audit_fiscal_statistics.yaml
    deploy/config/rules/29_social_opinion.yaml
    deploy/config/rules/30_law_publicity_duty.yaml
    deploy/config/rules/31_scope.yaml
    deploy/config/rules/40_risk.yaml)

install(TARGETS supervisiond supervisionctl RUNTIME DESTINATION bin
        COMPONENT runtime)
install(FILES ${PROJECT_BINARY_DIR}/installed/server.yaml deploy/config/catalogue.yaml
              deploy/config/principals.yaml deploy/config/routes.yaml deploy/config/calendar.yaml
        DESTINATION /etc/supervision COMPONENT runtime)
install(FILES ${SUPERVISION_RULE_FILES} DESTINATION /etc/supervision/rules COMPONENT runtime)
install(FILES deploy/config/regions.tsv deploy/config/model/model.bin
        DESTINATION ${SUPERVISION_DATA_DIR} COMPONENT runtime)
install(FILES deploy/package/supervision.service DESTINATION /lib/systemd/system
        COMPONENT runtime)

# Every file in /etc is a conffile: an upgrade keeps what an operator changed.
set(conffiles "")
foreach(file server.yaml catalogue.yaml principals.yaml routes.yaml calendar.yaml ${SUPERVISION_RULE_FILES})
  string(REPLACE "deploy/config/" "" file ${file})
  string(APPEND conffiles "/etc/supervision/${file}\n")
endforeach()
file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/installed/conffiles CONTENT "${conffiles}" @ONLY)

# A package is made of the two programs; nothing else is built for it.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME supervision)
set(CPACK_PACKAGE_VENDOR "The supervision project")
set(CPACK_PACKAGE_CONTACT "The supervision project <operators@supervision.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "legal-supervision clues: intake, classification, alerts")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
    "supervisiond takes legal-supervision clues from partner systems, sorts them and tells
monitors at once; supervisionctl is its command line. It keeps everything in a private,
durable Redis that it starts itself, or in one of yours.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/deploy/cmake/package_folders.cmake)
set(CPACK_COMPONENTS_ALL runtime)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# redis-tools has the redis-server binary and starts no service (services/adr/0007).
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, redis-tools (>= 5:7)")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
    ${PROJECT_SOURCE_DIR}/deploy/package/postinst ${PROJECT_SOURCE_DIR}/deploy/package/prerm
    ${PROJECT_SOURCE_DIR}/deploy/package/postrm ${PROJECT_BINARY_DIR}/installed/conffiles)
include(CPack)
